// What /metrics/slis shows: how the checks behind /healthz, /livez and /readyz went. Upstream's names. Safe from any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/metrics.h"

namespace apiserver {

class HealthMetrics {
 public:
  HealthMetrics();
  // `root` is "healthz", "livez" or "readyz".
  void observe(std::string_view check, std::string_view root, bool passed);
  // As Prometheus reads it.
  std::string text() const { return metrics_.to_text(); }

 private:
  base::Metrics metrics_;
  base::Gauges& last_;
  base::Counters& all_;
};

}  // namespace apiserver
