#include "kubelet/cgroup/limits.h"

#include <algorithm>

namespace kubelet {

int64_t milli_cpu_to_shares(int64_t milli_cpu) {
  constexpr int64_t kMin = 2, kMax = 262144;
  return std::clamp(milli_cpu * 1024 / 1000, kMin, kMax);
}

int64_t milli_cpu_to_quota_us(int64_t milli_cpu, int64_t period_us) {
  if (milli_cpu == 0) return 0;
  return std::max<int64_t>(milli_cpu * period_us / 1000, 1000);
}

int64_t shares_to_weight(int64_t shares) {
  return 1 + (std::clamp<int64_t>(shares, 2, 262144) - 2) * 9999 / 262142;
}

}  // namespace kubelet
