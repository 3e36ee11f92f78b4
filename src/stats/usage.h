// What a control group has used, as its files say: processor time, memory, processes. Blocking, but only small reads
// from memory. Source: the kernel's documentation, "Control Group v2", "cpuacct", "Memory Resource Controller".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace stats {

// The share of time in which some, or all, of the processes waited: "Pressure Stall Information". Version 2 only.
struct Pressure {
  struct Line {
    uint64_t total_us = 0;
    double average_10s = 0, average_60s = 0, average_300s = 0;  // percent
  };
  Line some, full;
};

struct Usage {
  uint64_t cpu_ns = 0;  // since the group was made
  uint64_t cpu_user_ns = 0;
  uint64_t cpu_system_ns = 0;
  uint64_t cpu_periods = 0;  // of a bounded group
  uint64_t cpu_throttled_periods = 0;
  uint64_t cpu_throttled_ns = 0;
  uint64_t memory_bytes = 0;
  uint64_t memory_working_set_bytes = 0;  // less what the kernel may take back at once: inactive file pages
  uint64_t memory_rss_bytes = 0;
  uint64_t memory_cache_bytes = 0;
  uint64_t memory_mapped_file_bytes = 0;
  uint64_t memory_active_file_bytes = 0;
  uint64_t memory_inactive_file_bytes = 0;
  uint64_t memory_kernel_bytes = 0;
  uint64_t memory_max_usage_bytes = 0;  // 0 where the kernel does not say
  uint64_t memory_failures = 0;         // times that the limit was met
  uint64_t page_faults = 0;
  uint64_t major_page_faults = 0;
  uint64_t swap_bytes = 0;
  uint64_t out_of_memory_kills = 0;
  uint64_t processes = 0;
  uint64_t threads = 0;
  std::optional<uint64_t> memory_limit_bytes;  // none: unlimited
  std::optional<Pressure> cpu_pressure, memory_pressure, io_pressure;
};

// Where the files are: for version 2 all are the same folder.
struct UsagePlace {
  int version = 2;
  std::string cpu_directory;  // version 1: of the cpuacct controller
  std::string memory_directory;
  std::string pids_directory;   // version 1: of the pids controller; "" none
  std::string quota_directory;  // version 1: of the cpu controller; "" none
};

base::Result<Usage> read_usage(const UsagePlace& place);

}  // namespace stats
