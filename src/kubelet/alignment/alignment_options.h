// How a node gives out processors and memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace kubelet {

// As KubeletConfiguration's fields of these names; what is not said is off.
struct AlignmentOptions {
  std::string cpu_policy = "none";
  std::map<std::string, std::string, std::less<>> cpu_policy_options;
  std::string memory_policy = "None";
  std::string topology_policy = "none";
  std::string topology_scope = "container";
  std::map<std::string, std::string, std::less<>> topology_policy_options;
  std::string reserved_cpus;                                      // a list: "0-1"
  int64_t reserved_milli_cpu = 0;                                 // when there is no list
  std::map<int, std::map<std::string, int64_t>> reserved_memory;  // of each node, bytes
  std::string sys_root = "/sys";
};

}  // namespace kubelet
