// What a kubelet's /metrics/resource tells at one moment, and what two such moments tell of use. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiserver::resource_metrics {

struct Sample {
  int64_t at_ns = 0;  // since 1970
  double cpu_seconds = 0;
  int64_t memory_bytes = 0;  // the working set
  int64_t started_ns = 0;    // of a container; 0 unknown
  bool has_cpu = false;
  bool has_memory = false;
};

struct NodeSamples {
  Sample node;
  std::map<std::string, std::map<std::string, Sample>> pods;  // by "namespace/name", then container
};
// From Prometheus' text; what is not understood is left out. Samples without a time of their own are of `now_ns`.
NodeSamples read_samples(std::string_view text, int64_t now_ns);

struct Usage {
  std::string container;  // "" for a node
  int64_t at_ns = 0;
  int64_t window_ns = 0;  // over which the processor's use is the average
  int64_t nano_cores = 0;
  int64_t memory_bytes = 0;
};
struct NodeUsage {
  std::optional<Usage> node;
  std::map<std::string, std::vector<Usage>> pods;  // by "namespace/name"; containers by name
};
// What began after `before` is averaged since its start. What did not move in time between the two is left out.
NodeUsage usage_between(const NodeSamples& before, const NodeSamples& now);

}  // namespace apiserver::resource_metrics
