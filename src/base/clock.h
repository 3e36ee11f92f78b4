// Time, as everything of ours sees it. Handed in through constructors, so a test supplies its own.
#pragma once

#include <cstdint>

namespace base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since some fixed moment; never steps back. For time-outs and durations.
  virtual int64_t monotonic_ns() const = 0;
  // Nanoseconds since 1970-01-01 UTC; may step. For what people and the API see.
  virtual int64_t wall_ns() const = 0;
};

// The machine's clock.
Clock& system_clock();

// A clock that moves only when told to. Not thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(int64_t wall_ns = 1'700'000'000'000'000'000) : wall_ns_(wall_ns) {}
  int64_t monotonic_ns() const override { return monotonic_ns_; }
  int64_t wall_ns() const override { return wall_ns_; }
  void advance_ns(int64_t ns) {
    monotonic_ns_ += ns;
    wall_ns_ += ns;
  }
  void step_wall_ns(int64_t ns) { wall_ns_ += ns; }

 private:
  int64_t monotonic_ns_ = 0;
  int64_t wall_ns_;
};

}  // namespace base
