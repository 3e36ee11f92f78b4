// What a control group has used, as its files say: processor time and memory. Blocking, but only small reads from memory.
// Source: the kernel's documentation, "Control Group v2", "cpuacct", "Memory Resource Controller".
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace stats {

struct Usage {
  uint64_t cpu_ns = 0;               // since the group was made
  uint64_t memory_bytes = 0;
  uint64_t memory_working_set_bytes = 0;  // less what the kernel may take back at once: inactive file pages
  uint64_t memory_rss_bytes = 0;
};

// Where the files are: for version 2 both are the same folder.
struct UsagePlace {
  int version = 2;
  std::string cpu_directory;     // version 1: of the cpuacct controller
  std::string memory_directory;
};

base::Result<Usage> read_usage(const UsagePlace& place);

}  // namespace stats
