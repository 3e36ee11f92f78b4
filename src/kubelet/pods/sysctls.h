// Which kernel parameters a pod may set. Kubernetes documentation, "Using sysctls in a Kubernetes Cluster".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kubelet/pods/pod.h"
#include "kubelet/pods/status.h"

namespace kubelet {

// Why the node does not take the pod. Safe parameters are free; others only if `allowed` names them, or a group of them
// by a trailing "*"; those that are the machine's own never, nor those of a namespace that the pod shares with the
// machine.
std::optional<PodFailure> refuse_sysctls(const core::Pod& pod, const std::vector<std::string>& allowed);

}  // namespace kubelet
