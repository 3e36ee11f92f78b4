// Tells a histogram how many seconds passed until the end of a scope. One loop.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/metrics.h"
#include "io/loop.h"

namespace kubelet {

class Stopwatch {
 public:
  explicit Stopwatch(base::Histogram& histogram)
      : histogram_(histogram), clock_(io::Loop::current().clock()), began_ns_(clock_.monotonic_ns()) {}
  Stopwatch(const Stopwatch&) = delete;
  ~Stopwatch() { histogram_.observe(static_cast<double>(clock_.monotonic_ns() - began_ns_) / 1e9); }

 private:
  base::Histogram& histogram_;
  const base::Clock& clock_;
  const int64_t began_ns_;
};

}  // namespace kubelet
