#include "kubelet/server/resource_metrics.h"

#include "kubelet/server/exposition.h"

namespace kubelet {
namespace {

double seconds(uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

}  // namespace

std::string resource_metrics(const NodeSample& sample) {
  Exposition out(sample.at_ns);
  auto usage = [&](std::string prefix, std::string_view of, const Labels& labels, const stats::Usage& usage) {
    auto help = [&](std::string_view what) { return "[STABLE] " + std::string(what) + " of the " + std::string(of); };
    out.counter(prefix + "_cpu_usage_seconds_total", help("Cumulative processor time, in core-seconds,"), labels,
                seconds(usage.cpu_ns));
    out.gauge(prefix + "_memory_working_set_bytes", help("Working set in bytes"), labels,
              static_cast<double>(usage.memory_working_set_bytes));
    out.gauge(prefix + "_swap_usage_bytes", help("Swap in use in bytes"), labels,
              static_cast<double>(usage.swap_bytes));
  };
  if (sample.root) usage("node", "node", {}, sample.root->usage);
  bool failed = !sample.root;
  for (const auto& pod : sample.pods) {
    if (pod.group) {
      usage("pod", "pod", {{"namespace", pod.namespace_}, {"pod", pod.name}}, pod.group->usage);
    } else {
      failed = true;
    }
    for (const auto& container : pod.containers) {
      Labels labels = {{"container", container.name}, {"namespace", pod.namespace_}, {"pod", pod.name}};
      usage("container", "container", labels, container.group.usage);
      out.constant("container_start_time_seconds", "[STABLE] When the container started, in seconds since 1970", labels,
                   seconds(static_cast<uint64_t>(container.started_ns)));
    }
  }
  out.constant("resource_scrape_error", "[STABLE] 1 if something could not be measured, 0 otherwise", {},
               failed ? 1 : 0);
  return out.text();
}

}  // namespace kubelet
