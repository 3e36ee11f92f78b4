#include "base/clock.h"

#include <ctime>

namespace base {
namespace {

int64_t read(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  int64_t monotonic_ns() const override { return read(CLOCK_MONOTONIC); }
  int64_t wall_ns() const override { return read(CLOCK_REALTIME); }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace base
