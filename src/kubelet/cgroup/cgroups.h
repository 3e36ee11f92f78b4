// The tree of control groups that pods live in, as upstream lays it out:
//
//   /kubepods                   everything of pods, bounded by the node's allocatable
//   /kubepods/pod<uid>          guaranteed pods
//   /kubepods/burstable/pod<uid>, /kubepods/besteffort/pod<uid>
//
// With the systemd driver each of them is a slice (cgroup/systemd.h), elsewhere on the disk: place() tells where.
//
// Version 1 (one tree for each controller) and version 2 (one tree). Runtimes make the containers' groups below a
// pod's. Limits that this machine's kernel or confinement refuses are skipped with a log line: a pod without a bound is
// better than no pod. Blocking: small writes to memory, but systemd takes some milliseconds.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kubelet/cgroup/cgroup_driver.h"
#include "kubelet/cgroup/limits.h"

namespace kubelet {

class Cgroups {
 public:
  // Looks for what is mounted, as /proc/self/mountinfo says. NotFound without any.
  static base::Result<Cgroups> detect(CgroupDriver driver = CgroupDriver::Cgroupfs,
                                      const std::string& mountinfo = "/proc/self/mountinfo");
  Cgroups(int version, std::map<std::string, std::string> controllers, CgroupDriver driver = CgroupDriver::Cgroupfs);

  int version() const { return version_; }
  CgroupDriver driver() const { return driver_; }
  // Where a group of pods lies: itself, or "/kubepods.slice/...".
  std::string place(const std::string& path) const;
  // Where in its pod's group a runtime ("containerd", "cri-o", "docker") puts a container.
  std::string container_name(std::string_view runtime, const std::string& id) const;

  // Makes the group and those above it and sets the limits. `path` begins with '/'.
  base::Result<void> ensure(const std::string& path, const CgroupLimits& limits) const;
  // NotFound, naming what is missing, unless the group is there for processors, memory and processes.
  base::Result<void> check_exists(const std::string& path) const;
  // Kills what is left inside, then removes the group and all below. Absent is fine; Unavailable while something still
  // dies.
  base::Result<void> remove(const std::string& path) const;
  // The folder of what lies at `place` in the tree of a controller: "memory" -> "/sys/fs/cgroup/memory/kubepods/...".
  std::string directory(const std::string& controller, const std::string& place) const;
  // Whether the kernel counts swap apart from memory.
  bool bounds_swap() const;
  // This process goes into the group at `place`, which is made if need be.
  base::Result<void> enter(const std::string& place) const;

 private:
  std::vector<std::string> roots() const;
  // The folder that shows whether systemd has made a slice.
  std::string shown_by(const std::string& place) const;
  base::Result<void> ensure_slices(const std::string& path, const CgroupLimits& limits) const;
  base::Result<void> ensure_slice(const std::string& path, const CgroupLimits& limits) const;
  base::Result<void> ensure_folders(const std::string& place, const CgroupLimits& limits) const;
  void write(const std::string& file, const std::string& value) const;

  int version_;
  CgroupDriver driver_;
  std::map<std::string, std::string> controllers_;  // name to mount point; version 2 has one, ""
};

}  // namespace kubelet
