#include "apiserver/metrics/health_metrics.h"

namespace apiserver {

using base::Stability;

HealthMetrics::HealthMetrics()
    : last_(metrics_.gauges({"kubernetes_healthcheck",
                             "How a check went the last time: 1 when it passed.",
                             Stability::Stable,
                             {"name", "type"}})),
      all_(metrics_.counters({"kubernetes_healthchecks_total",
                              "How often a check went how.",
                              Stability::Stable,
                              {"name", "status", "type"}})) {}

void HealthMetrics::observe(std::string_view check, std::string_view root, bool passed) {
  last_.with({check, root}).set(passed ? 1 : 0);
  all_.with({check, passed ? "success" : "error", root}).add();
}

}  // namespace apiserver
