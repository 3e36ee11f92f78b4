#include "kubelet/server/probe_metrics.h"

#include "base/metrics.h"

namespace kubelet {

std::string probe_metrics(const std::vector<ProbedPod>& pods) {
  base::Metrics metrics;
  auto& total = metrics.counters(
      {.name = "prober_probe_total",
       .help = "Cumulative number of a liveness, readiness or startup probe for a container by result.",
       .stability = base::Stability::Beta,
       .labels = {"container", "namespace", "pod", "pod_uid", "probe_type", "result"}});
  for (const auto& one : pods) {
    const auto& of = one.pod.metadata;
    for (const auto& [probe, counts] : one.counts) {
      auto tell = [&](std::string_view result, uint64_t count) {
        if (count == 0) return;
        total.with({probe.first, of.namespace_, of.name, of.uid, probe_title(probe.second), result})
            .set(static_cast<double>(count));
      };
      tell("successful", counts.successful);
      tell("failed", counts.failed);
      tell("unknown", counts.unknown);
    }
  }
  return metrics.to_text();
}

}  // namespace kubelet
