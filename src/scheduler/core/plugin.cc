#include "scheduler/core/plugin.h"

#include <algorithm>

namespace scheduler {

void normalize_by_max(std::vector<int64_t>& scores, bool reverse) {
  int64_t most = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
  for (int64_t& score : scores) {
    if (most > 0) score = score * kScoreMax / most;
    if (reverse) score = kScoreMax - score;
  }
}

}  // namespace scheduler
