// The control groups above those of pods: what all pods together may have, the classes of service below it, and what is
// kept back for the system. Kubernetes documentation, "Reserve Compute Resources for System Daemons", "Pod Quality of
// Service Classes". Blocking, short.
//
//   /kubepods              bounded by what the node has, less what is reserved
//   /kubepods/burstable    as much weight as its pods ask for together
//   /kubepods/besteffort   the least weight
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kubelet/cgroup/cgroups.h"
#include "kubelet/node/machine.h"
#include "kubelet/options.h"

namespace kubelet {

// An event about the node.
struct NodeGroupNote {
  bool warning = false;
  std::string reason, message;
};

// Invalid when more is reserved than there is, in upstream's words.
base::Result<void> check_reserved(const ResourceList& capacity, const KubeletOptions& options);

// Makes the groups of pods below `base` and bounds them; bounds the groups of what is reserved, which must be there. An
// Error when that is asked for and cannot be done. What was done is appended to `notes`, also before an Error.
base::Result<void> set_up_node_groups(const Cgroups& cgroups, const std::string& base, const Machine& machine,
                                      const KubeletOptions& options, std::vector<NodeGroupNote>& notes);

// The weight of the burstable pods together, who ask for that much.
base::Result<void> set_burstable_weight(const Cgroups& cgroups, const std::string& base, int64_t milli_cpu);

// How many processes this machine can have.
int64_t processes_max();

}  // namespace kubelet
