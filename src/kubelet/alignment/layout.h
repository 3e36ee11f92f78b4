// How this machine is built: which processors share a core, a socket, a node of memory. Linux, Documentation/ABI,
// sysfs-devices-system-cpu and sysfs-devices-node. Blocking, short.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kubelet {

using CpuSet = std::set<int>;
// A bit for each node of memory.
using NodeMask = uint64_t;

// "0-3,7", as the kernel and cgroups write it; "" for none.
base::Result<CpuSet> parse_cpu_list(std::string_view text);
std::string to_cpu_list(const CpuSet& cpus);

struct Cpu {
  int id = 0;
  int core = 0;  // unique on the machine
  int socket = 0;
  int node = 0;
};

struct Layout {
  std::vector<Cpu> cpus;                                 // that are online, by id
  std::map<int, std::map<std::string, int64_t>> memory;  // of each node, by resource: "memory", "hugepages-2Mi"

  const Cpu* find(int cpu) const;
  NodeMask all_nodes() const;
  CpuSet cpus_of(NodeMask nodes) const;
  CpuSet all_cpus() const;
};

// `sys_root`: "/sys". A machine without nodes of memory has one, 0, with all `memory_bytes`.
base::Result<Layout> read_layout(const std::string& sys_root, int64_t memory_bytes);

}  // namespace kubelet
