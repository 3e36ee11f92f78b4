// What a control group may have.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace kubelet {

struct CgroupLimits {
  std::optional<int64_t> cpu_shares;    // 2 to 262144; a version 2 weight is worked out
  std::optional<int64_t> cpu_quota_us;  // for each period; -1 none
  int64_t cpu_period_us = 100'000;
  std::optional<int64_t> memory_bytes;  // -1 none
  std::optional<int64_t> pids;
  std::map<std::string, int64_t> hugepages = {};  // bytes, by the kernel's name of their size: "2MB"
};

// Upstream's arithmetic.
int64_t milli_cpu_to_shares(int64_t milli_cpu);                                 // 2 at least
int64_t milli_cpu_to_quota_us(int64_t milli_cpu, int64_t period_us = 100'000);  // 0 none; 1000 us at least
int64_t shares_to_weight(int64_t shares);                                       // version 2, 1 to 10000

}  // namespace kubelet
