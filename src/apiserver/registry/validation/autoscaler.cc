#include "apiserver/registry/validation/autoscaling.h"
#include "apiserver/registry/validation/common_names.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace autoscaling = api::autoscaling_v2;

constexpr int32_t kStabilizationSecondsMax = 3600;
constexpr int32_t kPeriodSecondsMax = 1800;

void check_policy(Report& report, const autoscaling::HPAScalingPolicy& policy, const Place& at) {
  report.one_of(Place(at, "type"), policy.type, {"Percent", "Pods"});
  if (policy.value <= 0) report.invalid(Place(at, "value"), policy.value, kPositive);
  Place period(at, "periodSeconds");
  if (policy.period_seconds <= 0) report.invalid(period, policy.period_seconds, kPositive);
  if (policy.period_seconds > kPeriodSecondsMax) {
    report.invalid(period, policy.period_seconds,
                   base::cat({"must be less than or equal to ", std::to_string(kPeriodSecondsMax)}));
  }
}

void check_scaling(Report& report, const schema::Box<autoscaling::HPAScalingRules>& rules, const Place& at) {
  if (!rules) return;
  if (rules->stabilization_window_seconds) {
    Place window(at, "stabilizationWindowSeconds");
    int32_t seconds = *rules->stabilization_window_seconds;
    if (seconds < 0) report.invalid(window, seconds, "must be greater than or equal to zero");
    if (seconds > kStabilizationSecondsMax) {
      report.invalid(window, seconds,
                     base::cat({"must be less than or equal to ", std::to_string(kStabilizationSecondsMax)}));
    }
  }
  if (rules->select_policy) report.one_of(Place(at, "selectPolicy"), *rules->select_policy, {"Disabled", "Max", "Min"});
  Place policies(at, "policies");
  if (rules->policies.empty()) report.required(policies, "must specify at least one Policy");
  for (size_t i = 0; i < rules->policies.size(); ++i) check_policy(report, rules->policies[i], Place(policies, i));
  check_not_negative(report, rules->tolerance, Place(at, "tolerance"));
}

void check_replicas(Report& report, const autoscaling::HorizontalPodAutoscalerSpec& spec, int32_t least,
                    const Place& at) {
  if (spec.min_replicas && *spec.min_replicas < least) {
    report.invalid(Place(at, "minReplicas"), *spec.min_replicas,
                   base::cat({"must be greater than or equal to ", std::to_string(least)}));
  }
  Place most(at, "maxReplicas");
  if (spec.max_replicas == 0) report.required(most, "must be set and greater than 0");
  if (spec.max_replicas < 0) report.invalid(most, spec.max_replicas, "must be greater than or equal to 1");
  if (spec.min_replicas && spec.max_replicas < *spec.min_replicas) {
    report.invalid(most, spec.max_replicas, "must be greater than or equal to `minReplicas`");
  }
}

bool lacks_group(const autoscaling::CrossVersionObjectReference& reference) {
  auto version = split_group_version(reference.api_version);
  return version && version->group.empty();
}

}  // namespace

void check_object_reference(Report& report, const autoscaling::CrossVersionObjectReference& reference,
                            const ReferenceRules& rules, const Place& at) {
  check_path_segment(report, reference.kind, Place(at, "kind"));
  check_path_segment(report, reference.name, Place(at, "name"));
  Place version(at, "apiVersion");
  if (!split_group_version(reference.api_version)) {
    if (!rules.version_may_be_malformed) {
      report.invalid(version, reference.api_version,
                     base::cat({"unexpected GroupVersion string: ", reference.api_version}));
    }
  } else if (lacks_group(reference) && !rules.group_may_be_empty && reference.kind != "ReplicationController") {
    report.invalid(version, reference.api_version, "apiVersion must specify API group");
  }
}

void check_behavior(Report& report, const autoscaling::HorizontalPodAutoscalerBehavior& behavior, const Place& at) {
  check_scaling(report, behavior.scale_up, Place(at, "scaleUp"));
  check_scaling(report, behavior.scale_down, Place(at, "scaleDown"));
}

schema::FieldErrors validate_autoscaler(const autoscaling::HorizontalPodAutoscaler& next,
                                        const autoscaling::HorizontalPodAutoscaler* current) {
  Report report;
  Place at("spec");
  // Scaling to zero stays with those who have it.
  bool had_zero = current != nullptr && current->spec.min_replicas && *current->spec.min_replicas == 0;
  check_replicas(report, next.spec, had_zero ? 0 : 1, at);
  ReferenceRules rules;
  if (current != nullptr) {
    rules.group_may_be_empty = lacks_group(current->spec.scale_target_ref);
    rules.version_may_be_malformed = !split_group_version(current->spec.scale_target_ref.api_version);
  }
  check_object_reference(report, next.spec.scale_target_ref, rules, Place(at, "scaleTargetRef"));
  check_metrics(report, next.spec, Place(at, "metrics"));
  if (next.spec.behavior) check_behavior(report, *next.spec.behavior, Place(at, "behavior"));
  return report.take();
}

schema::FieldErrors validate_autoscaler_status(const autoscaling::HorizontalPodAutoscaler& next) {
  Report report;
  Place at("status");
  report.not_negative(Place(at, "currentReplicas"), int64_t{next.status.current_replicas});
  report.not_negative(Place(at, "desiredReplicas"), int64_t{next.status.desired_replicas});
  return report.take();
}

}  // namespace apiserver
