// What all metrics of an autoscaler together ask for. One loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/autoscaling_v2.h"
#include "controller/podautoscaler/metrics.h"
#include "controller/podautoscaler/replicas.h"
#include "controller/podautoscaler/targets.h"

namespace controller::autoscaling {

// A metric that could not be had. Reason and message are for the condition and the event, `whole` is for the summary.
struct Failure {
  std::string_view reason;
  std::string message;
  std::string whole;
};

struct Evaluation {
  int32_t replicas = 0;                                     // the most that any metric asks for
  std::string metric;                                       // the one that does, in words
  std::vector<api::autoscaling_v2::MetricStatus> statuses;  // one for each metric; empty where it failed
  std::vector<Failure> failures;
  // Whether to go by it. When some metrics failed, the others must not shrink what those may need.
  bool is_valid(int32_t current) const {
    return failures.empty() || (failures.size() < statuses.size() && replicas >= current);
  }
};

// `selector` is that of the target's pods, `running` how many of them there are.
io::Task<Evaluation> evaluate(Metrics& metrics, Targets& targets, std::string namespace_,
                              std::vector<api::autoscaling_v2::MetricSpec> specs, Workload workload,
                              std::string selector, int32_t running);

}  // namespace controller::autoscaling
