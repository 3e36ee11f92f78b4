#include "main/part/scheduler_options.h"

#include "main/part/scheduler_profile.h"

namespace navarch {

using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

base::Result<scheduler::SchedulerOptions> read_scheduler_options(
    const api::kubescheduler_config_k8s_io_v1::KubeSchedulerConfiguration& from) {
  scheduler::SchedulerOptions out;
  FieldErrors errors;
  constexpr int64_t kSecond = 1'000'000'000;
  if (from.pod_initial_backoff_seconds) out.back_off.first_ns = *from.pod_initial_backoff_seconds * kSecond;
  if (from.pod_max_backoff_seconds) out.back_off.most_ns = *from.pod_max_backoff_seconds * kSecond;
  if (out.back_off.first_ns <= 0) {
    errors.push_back(FieldError::invalid(FieldPath("podInitialBackoffSeconds"), *from.pod_initial_backoff_seconds,
                                         "must be greater than 0"));
  }
  if (out.back_off.most_ns < out.back_off.first_ns) {
    errors.push_back(FieldError::invalid(FieldPath("podMaxBackoffSeconds"), out.back_off.most_ns / kSecond,
                                         "must be greater than or equal to PodInitialBackoffSeconds"));
  }
  for (size_t i = 0; i < from.extenders.size(); ++i)
    errors.push_back(FieldError::forbidden(FieldPath("extenders").index(i), "extenders are not supported"));

  scheduler::Profile common;
  if (from.percentage_of_nodes_to_score) common.nodes_share = *from.percentage_of_nodes_to_score;
  check_percentage(FieldPath("percentageOfNodesToScore"), common.nodes_share, errors);
  if (from.profiles.empty())
    out.profiles = {common};
  else
    out.profiles.clear();
  for (size_t i = 0; i < from.profiles.size(); ++i) {
    FieldPath path = FieldPath("profiles").index(i);
    auto profile = read_scheduler_profile(from.profiles[i], common, path, errors);
    if (profile.name.empty()) errors.push_back(FieldError::required(path.child("schedulerName")));
    for (const auto& other : out.profiles) {
      if (other.name == profile.name)
        errors.push_back(FieldError::duplicate(path.child("schedulerName"), profile.name));
    }
    out.profiles.push_back(std::move(profile));
  }
  if (!errors.empty()) return base::fail(base::Code::BadRequest, schema::to_string(errors));
  return out;
}

}  // namespace navarch
