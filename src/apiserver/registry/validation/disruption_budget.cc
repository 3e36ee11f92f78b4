#include "apiserver/registry/validation/disruption_budget.h"

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {

namespace policy = api::policy_v1;

schema::FieldErrors validate_disruption_budget(const policy::PodDisruptionBudget& next,
                                               const policy::PodDisruptionBudget* current) {
  Report report;
  Place spec("spec");
  if (next.spec.min_available && next.spec.max_unavailable) {
    report.invalid(spec, go_value(next.spec), "minAvailable and maxUnavailable cannot be both set");
  }
  auto check_part = [&](const std::optional<schema::IntOrString>& part, const char* name) {
    if (!part) return;
    Place at(spec, name);
    check_int_or_percent(report, *part, at);
    check_at_most_all(report, *part, at);
  };
  check_part(next.spec.min_available, "minAvailable");
  check_part(next.spec.max_unavailable, "maxUnavailable");
  bool kept = current != nullptr && current->spec.selector == next.spec.selector;
  if (next.spec.selector) {
    check_label_selector(report, *next.spec.selector, Place(spec, "selector"),
                         kept ? SelectorValues::Unchecked : SelectorValues::Checked);
  }
  if (next.spec.unhealthy_pod_eviction_policy) {
    report.one_of(Place(spec, "unhealthyPodEvictionPolicy"), *next.spec.unhealthy_pod_eviction_policy,
                  {"AlwaysAllow", "IfHealthyBudget"});
  }
  return report.take();
}

schema::FieldErrors validate_disruption_budget_status(const policy::PodDisruptionBudget& next) {
  Report report;
  Place at("status");
  check_conditions(report, next.status.conditions, Place(at, "conditions"));
  report.not_negative(Place(at, "disruptionsAllowed"), int64_t{next.status.disruptions_allowed});
  report.not_negative(Place(at, "currentHealthy"), int64_t{next.status.current_healthy});
  report.not_negative(Place(at, "desiredHealthy"), int64_t{next.status.desired_healthy});
  report.not_negative(Place(at, "expectedPods"), int64_t{next.status.expected_pods});
  return report.take();
}

}  // namespace apiserver
