#include "kubelet/server/resource_metrics.h"

#include <cstdio>

#include "base/strings.h"
#include "kubelet/pods/resources.h"
#include "stats/usage.h"

namespace kubelet {
namespace {

std::string seconds(uint64_t ns) {
  char text[48];
  snprintf(text, sizeof text, "%.9g", static_cast<double>(ns) / 1e9);
  return text;
}

// One metric with its samples, which come from many places.
class Family {
 public:
  Family(std::string_view name, std::string_view type, std::string_view help)
      : name_(name), head_(base::cat({"# HELP ", name, " [STABLE] ", help, "\n# TYPE ", name, " ", type, "\n"})) {}
  void add(const std::string& labels, const std::string& value, const std::string& time_ms) {
    samples_ += base::cat({name_, labels, " ", value, time_ms.empty() ? "" : " ", time_ms, "\n"});
  }
  std::string text() const { return samples_.empty() ? "" : head_ + samples_; }

 private:
  std::string name_, head_, samples_;
};

}  // namespace

std::string resource_metrics(const Pods& pods, const Cgroups& cgroups, const std::string& base, int64_t now_ns) {
  Family container_cpu("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds");
  Family container_memory("container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes");
  Family container_start("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds");
  Family node_cpu("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds");
  Family node_memory("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes");
  Family pod_cpu("pod_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the pod in core-seconds");
  Family pod_memory("pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes");
  Family errors("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise");
  std::string time = std::to_string(now_ns / 1'000'000);
  auto read = [&](const std::string& path) {
    return stats::read_usage({.version = cgroups.version(),
                              .cpu_directory = cgroups.directory("cpuacct", path),
                              .memory_directory = cgroups.directory("memory", path)});
  };
  bool failed = false;
  for (auto* worker : pods.workers()) {
    auto& pod = worker->pod();
    if (pod.metadata.name.empty() || !worker->record().any_running()) continue;
    std::string group = pod_cgroup(base, pod);
    std::string who = base::cat({"namespace=\"", pod.metadata.namespace_, "\",pod=\"", pod.metadata.name, "\"}"});
    if (auto usage = read(group)) {
      pod_cpu.add("{" + who, seconds(usage->cpu_ns), time);
      pod_memory.add("{" + who, std::to_string(usage->memory_working_set_bytes), time);
    } else {
      failed = true;
    }
    for (auto& record : worker->record().containers) {
      if (!record.is_running()) continue;
      std::string labels = base::cat({"{container=\"", record.name, "\",", who});
      auto usage = read(group + "/" + record.id);
      if (!usage) continue;  // it has just ended
      container_cpu.add(labels, seconds(usage->cpu_ns), time);
      container_memory.add(labels, std::to_string(usage->memory_working_set_bytes), time);
      container_start.add(labels, seconds(static_cast<uint64_t>(record.started_ns)), "");
    }
  }
  if (auto usage = read("")) {
    node_cpu.add("", seconds(usage->cpu_ns), time);
    node_memory.add("", std::to_string(usage->memory_working_set_bytes), time);
  } else {
    failed = true;
  }
  errors.add("", failed ? "1" : "0", "");
  return container_cpu.text() + container_memory.text() + container_start.text() + node_cpu.text() + node_memory.text() +
         pod_cpu.text() + pod_memory.text() + errors.text();
}

}  // namespace kubelet
