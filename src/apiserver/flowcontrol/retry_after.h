// After how many seconds those who are sent away are told to come back: more, the more of them there are, so that they
// do not all come back at once. One for a priority level; its owner locks.
#pragma once

#include <algorithm>
#include <cstdint>

namespace apiserver {

class RetryAfter {
 public:
  // One more has been sent away; the seconds it is told. `now_ns` is monotonic.
  int sent_away(int64_t now_ns) {
    int64_t span_ns = seconds_ * int64_t{1'000'000'000};
    if (now_ns - since_ns_ >= span_ns) {
      bool calm = now_ns - since_ns_ >= 2 * span_ns || count_ == 0;
      if (calm || count_ < kFew * seconds_) {
        seconds_ = std::max(1, seconds_ / 2);
      } else {
        seconds_ = std::min(kSecondsMax, seconds_ * 2);
      }
      since_ns_ = now_ns;
      count_ = 0;
    }
    ++count_;
    return seconds_;
  }

 private:
  static constexpr int kSecondsMax = 32;
  static constexpr int kFew = 3;  // in a second

  int seconds_ = 1;
  int count_ = 0;         // since
  int64_t since_ns_ = 0;  // when this span began
};

}  // namespace apiserver
