// Control groups as systemd has them: each is a slice, named after all that it is in.
//
//   /kubepods/burstable/pod1-2   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice
//
// Kubernetes documentation, "Container Runtimes", "cgroup drivers"; systemd.slice(5), org.freedesktop.systemd1(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kubelet/cgroup/limits.h"

namespace kubelet {

// "kubepods-burstable-pod1_2.slice"; "-.slice" for the top. What is written as slices already ("/system.slice") stays.
std::string slice_name(std::string_view path);
// The slice below those that it is in, as it lies on the disk; "" for the top.
std::string slice_path(std::string_view path);

// What a unit's limits are called on the bus, as busctl(1) is told: "CPUShares t 1024 TasksMax t 99", one word each.
// `count` is how many there are.
struct SliceProperties {
  int count = 0;
  std::vector<std::string> words;

  void add(std::initializer_list<std::string> property);
};
SliceProperties slice_limits(const CgroupLimits& limits, int cgroup_version);

// Asks systemd over the system bus, through `busctl`, which every machine with systemd has. Blocking: on a pool's
// thread. Safe from any thread.
class SystemdSlices {
 public:
  // Makes a slice, or sets the limits of one that `is_there`. It may take a moment until its folder is there.
  base::Result<void> ensure(std::string_view path, const CgroupLimits& limits, int cgroup_version, bool is_there) const;
  // Ends it with all that is in it.
  base::Result<void> stop(std::string_view path) const;
};

}  // namespace kubelet
