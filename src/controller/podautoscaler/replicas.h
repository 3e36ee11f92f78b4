// How many pods a metric asks for. Pure. Source of the rules: Kubernetes documentation, "Horizontal Pod Autoscaling",
// "Algorithm details". Amounts are in thousandths.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "controller/common/pods.h"

namespace controller::autoscaling {

// What a pod used when it was last looked at.
struct Sample {
  int64_t milli = 0;
  base::Time at;
  int64_t window_seconds = 0;  // over which it was measured, up to `at`
};
using Samples = std::map<std::string, Sample>;  // by the pod's name

// How far use may be from the target, as a share of it, without the size being changed.
struct Tolerance {
  double down = 0.1;
  double up = 0.1;
  bool holds(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

// Since when pods' processor time counts: what they use to start up is no measure of their work.
struct Warmup {
  int64_t cpu_initialization_seconds = 300;
  int64_t readiness_delay_seconds = 30;  // a pod that became unready within it was never ready
};

struct Workload {
  std::vector<PodPointer> pods;  // all that the target's selector finds
  int32_t replicas = 0;          // the target's wanted size
  Tolerance tolerance;
  Warmup warmup;
  base::Time now;
};

struct Proposal {
  int32_t replicas = 0;
  int64_t milli = 0;                   // what is used: by each pod on average, or in all where that is the target
  std::optional<int32_t> utilization;  // percent of what is requested
};

// Each pod should use `target` percent of what it requests of `resource`. With a `container`, that one's request and
// use alone.
base::Result<Proposal> by_utilization(const Workload& workload, Samples samples, std::string_view resource,
                                      std::string_view container, int32_t target);
// Each pod should use `target` on average. `resource` is "" for a metric that is none.
base::Result<Proposal> by_average(const Workload& workload, Samples samples, std::string_view resource, int64_t target);
// `value`, which more pods would bring down, should be `target`.
base::Result<Proposal> by_value(const Workload& workload, int64_t value, int64_t target);
// `value`, shared out among the `running` pods, should be `target` for each.
Proposal by_share(const Workload& workload, int32_t running, int64_t value, int64_t target);

}  // namespace controller::autoscaling
