// Whether this node takes a pod that was bound to it: its resources, selectors, ports and taints, as it sees them
// itself. Pure. Rules: the Kubernetes documentation, "Reserve Compute Resources", "Assigning Pods to Nodes"; reasons as
// upstream names them.
#pragma once

#include <optional>
#include <vector>

#include "kubelet/pods/resources.h"
#include "kubelet/pods/status.h"

namespace kubelet {

// `others`: the pods that the node bears already.
std::optional<PodFailure> admit(const core::Pod& pod, const core::Node& node, const ResourceList& allocatable,
                                const std::vector<const core::Pod*>& others);

}  // namespace kubelet
