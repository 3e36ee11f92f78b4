// The tree of control groups that pods live in, as upstream lays it out with the cgroupfs driver:
//
//   /kubepods                   everything of pods, bounded by the node's allocatable
//   /kubepods/pod<uid>          guaranteed pods
//   /kubepods/burstable/pod<uid>, /kubepods/besteffort/pod<uid>
//
// Version 1 (one tree for each controller) and version 2 (one tree). Runtimes make the containers' groups below a
// pod's. Limits that this machine's kernel or confinement refuses are skipped with a log line: a pod without a bound is
// better than no pod. Blocking, but only small writes to memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace kubelet {

struct CgroupLimits {
  std::optional<int64_t> cpu_shares;    // 2 to 262144; a version 2 weight is worked out
  std::optional<int64_t> cpu_quota_us;  // for each period; -1 none
  int64_t cpu_period_us = 100'000;
  std::optional<int64_t> memory_bytes;  // -1 none
  std::optional<int64_t> pids;
  std::map<std::string, int64_t> hugepages = {};  // bytes, by the kernel's name of their size: "2MB"
};

class Cgroups {
 public:
  // Looks for what is mounted, as /proc/self/mountinfo says. NotFound without any.
  static base::Result<Cgroups> detect(const std::string& mountinfo = "/proc/self/mountinfo");
  Cgroups(int version, std::map<std::string, std::string> controllers);

  int version() const { return version_; }

  // Makes the group and those above it and sets the limits. `path` begins with '/'.
  base::Result<void> ensure(const std::string& path, const CgroupLimits& limits) const;
  // NotFound, naming what is missing, unless the group is there for processors, memory and processes.
  base::Result<void> check_exists(const std::string& path) const;
  // Kills what is left inside, then removes the group and all below. Absent is fine; Unavailable while something still
  // dies.
  base::Result<void> remove(const std::string& path) const;
  // Names of the groups right below `path`.
  std::vector<std::string> children(const std::string& path) const;
  // Folders of the group in the trees of the controllers: "memory" -> "/sys/fs/cgroup/memory/kubepods/...".
  std::string directory(const std::string& controller, const std::string& path) const;

 private:
  std::vector<std::string> roots() const;
  void write(const std::string& file, const std::string& value) const;

  int version_;
  std::map<std::string, std::string> controllers_;  // name to mount point; version 2 has one, ""
};

// Upstream's arithmetic.
int64_t milli_cpu_to_shares(int64_t milli_cpu);                                 // 2 at least
int64_t milli_cpu_to_quota_us(int64_t milli_cpu, int64_t period_us = 100'000);  // 0 none; 1000 us at least
int64_t shares_to_weight(int64_t shares);                                       // version 2, 1 to 10000

}  // namespace kubelet
