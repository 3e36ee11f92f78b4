// What this node makes containers with, beyond what their pods say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kubelet {

struct ContainerRules {
  int64_t memory_capacity_bytes = 0;
  int64_t swap_capacity_bytes = 0;
  std::vector<std::string> page_sizes = {};  // of the machine's huge pages: "2Mi"
  int cgroup_version = 1;
  bool bounds_swap = false;        // the kernel can
  bool cpu_quota = true;           // limits of processor time hold (cpuCFSQuota)
  bool limited_swap = false;       // burstable pods may use swap (memorySwap.swapBehavior)
  bool ends_whole_groups = false;  // out of memory, all processes of a container go (not singleProcessOOMKill)
  bool seccomp_default = false;    // RuntimeDefault where nothing is said (seccompDefault)
};

}  // namespace kubelet
