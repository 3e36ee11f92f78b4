#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_template.h"
#include "apiserver/registry/validation/workload.h"
#include "apiserver/registry/validation/workload_parts.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
using schema::FieldErrors;

void check_rolling_update(Report& report, const apps::RollingUpdateDaemonSet& update, const Place& at) {
  Place unavailable(at, "maxUnavailable");
  Place surge(at, "maxSurge");
  schema::IntOrString down = update.max_unavailable.value_or(schema::IntOrString());
  schema::IntOrString more = update.max_surge.value_or(schema::IntOrString());
  check_int_or_percent(report, down, unavailable);
  check_int_or_percent(report, more, surge);
  check_at_most_all(report, down, unavailable);
  check_at_most_all(report, more, surge);
  bool goes_down = int_or_percent_value(down) != 0;
  bool goes_up = int_or_percent_value(more) != 0;
  if (goes_down && goes_up) report.invalid(surge, bad_value(more), "may not be set when maxUnavailable is non-zero");
  if (!goes_down && !goes_up) report.required(unavailable, "cannot be 0 when maxSurge is 0");
}

}  // namespace

FieldErrors validate_daemon_set(const apps::DaemonSet& next, const apps::DaemonSet* current) {
  Report report;
  const auto& spec = next.spec;
  Place at("spec");
  Place selector(at, "selector");
  Place template_(at, "template");
  if (spec.selector) check_label_selector(report, *spec.selector, selector);
  auto fits = selects(spec.selector, spec.template_.metadata.labels);
  if (fits && !*fits) complain_about_labels(report, spec.template_, template_);
  if (spec.selector && spec.selector->match_labels.empty() && spec.selector->match_expressions.empty()) {
    report.invalid(selector, bad_value(spec.selector), "empty selector is invalid for daemonset");
  }
  check_pod_template(report, spec.template_, current == nullptr ? nullptr : &current->spec.template_, template_);
  check_always_runs(report, spec.template_, "DaemonSet", template_);
  report.not_negative(Place(at, "minReadySeconds"), int64_t{spec.min_ready_seconds});
  Place strategy(at, "updateStrategy");
  if (spec.update_strategy.type == "RollingUpdate") {
    if (spec.update_strategy.rolling_update) {
      check_rolling_update(report, *spec.update_strategy.rolling_update, Place(strategy, "rollingUpdate"));
    } else {
      report.required(Place(strategy, "rollingUpdate"));
    }
  } else if (spec.update_strategy.type != "OnDelete") {
    report.not_supported(strategy, go_value(spec.update_strategy), {"RollingUpdate", "OnDelete"});
  }
  report.not_negative(Place(at, "revisionHistoryLimit"), spec.revision_history_limit);
  if (current != nullptr)
    report.immutable_unless(spec.selector == current->spec.selector, selector, bad_value(spec.selector));
  return report.take();
}

FieldErrors validate_daemon_set_status(const apps::DaemonSet& next, const apps::DaemonSet& current) {
  Report report;
  const auto& status = next.status;
  check_counts(report, {{"currentNumberScheduled", status.current_number_scheduled},
                        {"numberMisscheduled", status.number_misscheduled},
                        {"desiredNumberScheduled", status.desired_number_scheduled},
                        {"numberReady", status.number_ready},
                        {"observedGeneration", status.observed_generation},
                        {"updatedNumberScheduled", status.updated_number_scheduled},
                        {"numberAvailable", status.number_available},
                        {"numberUnavailable", status.number_unavailable},
                        {"collisionCount", status.collision_count.value_or(0)}});
  check_collision_count(report, status.collision_count, current.status.collision_count);
  return report.take();
}

}  // namespace apiserver
