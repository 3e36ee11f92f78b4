// What a job says about failed pods and about enough success: pure. Kubernetes documentation, "Pod failure policy",
// "Backoff limit per index", "Success policy".
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/batch_v1.h"
#include "api/core_v1.h"

namespace controller::job {

inline constexpr std::string_view kFailureCount = "batch.kubernetes.io/job-index-failure-count";
inline constexpr std::string_view kIgnoredFailureCount = "batch.kubernetes.io/job-index-ignored-failure-count";

// What the first rule that fits makes of a failed pod.
struct Verdict {
  bool counts = true;  // against the limits
  bool fails_index = false;
  std::string fails_job;  // why the job ends here; "" when it goes on
};
// The default without a policy, and when no rule fits.
Verdict judge_failed_pod(const api::batch_v1::JobSpec& spec, const api::core_v1::Pod& pod);

// How often an index has failed, up to a pod of it: as the pod's annotations tell.
struct Failures {
  int32_t counted = 0;
  int32_t ignored = 0;
  int32_t total() const { return counted + ignored; }
};
// Before `pod`.
Failures failures_before(const api::core_v1::Pod& pod);
// With `pod`, which has failed: what its replacement is told.
Failures failures_with(const api::batch_v1::JobSpec& spec, const api::core_v1::Pod& pod);
// Whether the index of `pod`, which has failed, gets no further pod.
bool gives_up_index(const api::batch_v1::JobSpec& spec, const api::core_v1::Pod& pod);

// Which rule is met by these indexes having succeeded, in upstream's words; nothing when none is.
std::optional<std::string> success_rule_met(const api::batch_v1::JobSpec& spec, const std::set<int32_t>& succeeded);

}  // namespace controller::job
