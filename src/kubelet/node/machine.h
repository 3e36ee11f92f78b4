// What this machine is: read once at the start. Blocking, short.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "kubelet/eviction/threshold.h"
#include "kubelet/pods/resources.h"

namespace kubelet {

struct Machine {
  int64_t cpus = 0;
  int64_t memory_bytes = 0;
  int64_t swap_bytes = 0;
  int64_t disk_bytes = 0;                    // of the file system of the kubelet's folder
  std::map<std::string, int64_t> hugepages;  // "hugepages-2Mi" to bytes
  core::NodeSystemInfo info;                 // without the versions of runtime and kubelet
};

// `root_directory` need not exist yet.
Machine read_machine(const std::string& root_directory);

// Capacity, and what of it pods may have: less what is reserved and what hard eviction thresholds keep free.
ResourceList node_capacity(const Machine& machine, int32_t pods_max);
ResourceList node_allocatable(const ResourceList& capacity, const ResourceList& reserved,
                              const std::vector<Threshold>& thresholds);

}  // namespace kubelet
