// Deployments and the replica sets they make.

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_template.h"
#include "apiserver/registry/validation/workload.h"
#include "apiserver/registry/validation/workload_parts.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace core = api::core_v1;
using schema::FieldErrors;

// Selector and template, which have to fit. Their complaints speak of deployments and replica sets for both kinds.
template <class Spec>
void check_pods(Report& report, const Spec& spec, const core::PodTemplateSpec* current, const Place& at) {
  Place selector(at, "selector");
  check_workload_selector(report, spec.selector, "deployment", selector);
  Place template_(at, "template");
  auto fits = selects(spec.selector, spec.template_.metadata.labels);
  if (!fits) {
    report.invalid(selector, bad_value(spec.selector), "invalid label selector");
    return;
  }
  if (!*fits) complain_about_labels(report, spec.template_, template_);
  check_pod_template(report, spec.template_, current, template_);
  check_always_runs(report, spec.template_, "ReplicaSet", template_);
}

void check_rolling_update(Report& report, const apps::RollingUpdateDeployment& update, const Place& at) {
  Place unavailable(at, "maxUnavailable");
  schema::IntOrString down = update.max_unavailable.value_or(schema::IntOrString());
  schema::IntOrString surge = update.max_surge.value_or(schema::IntOrString());
  check_int_or_percent(report, down, unavailable);
  check_int_or_percent(report, surge, Place(at, "maxSurge"));
  if (int_or_percent_value(down) == 0 && int_or_percent_value(surge) == 0) {
    report.invalid(unavailable, bad_value(down), "may not be 0 when `maxSurge` is 0");
  }
  check_at_most_all(report, down, unavailable);
}

void check_strategy(Report& report, const apps::DeploymentStrategy& strategy, const Place& at) {
  Place rolling_update(at, "rollingUpdate");
  if (strategy.type == "Recreate") {
    if (strategy.rolling_update)
      report.forbidden(rolling_update, "may not be specified when strategy `type` is 'Recreate'");
  } else if (strategy.type == "RollingUpdate") {
    if (strategy.rolling_update) {
      check_rolling_update(report, *strategy.rolling_update, rolling_update);
    } else {
      report.required(rolling_update, "this should be defaulted and never be nil");
    }
  } else {
    report.not_supported(at, go_value(strategy), {"Recreate", "RollingUpdate"});
  }
}

}  // namespace

FieldErrors validate_deployment(const apps::Deployment& next, const apps::Deployment* current) {
  Report report;
  const auto& spec = next.spec;
  Place at("spec");
  report.not_negative(Place(at, "replicas"), spec.replicas);
  check_pods(report, spec, current == nullptr ? nullptr : &current->spec.template_, at);
  check_strategy(report, spec.strategy, Place(at, "strategy"));
  report.not_negative(Place(at, "minReadySeconds"), int64_t{spec.min_ready_seconds});
  report.not_negative(Place(at, "revisionHistoryLimit"), spec.revision_history_limit);
  if (spec.progress_deadline_seconds) {
    Place deadline(at, "progressDeadlineSeconds");
    report.not_negative(deadline, spec.progress_deadline_seconds);
    if (*spec.progress_deadline_seconds <= spec.min_ready_seconds) {
      report.invalid(deadline, *spec.progress_deadline_seconds, "must be greater than minReadySeconds");
    }
  }
  if (current != nullptr)
    report.immutable_unless(spec.selector == current->spec.selector, Place(at, "selector"), bad_value(spec.selector));
  return report.take();
}

FieldErrors validate_deployment_status(const apps::Deployment& next, const apps::Deployment& current) {
  Report report;
  const auto& status = next.status;
  check_counts(report, {{"observedGeneration", status.observed_generation},
                        {"replicas", status.replicas},
                        {"updatedReplicas", status.updated_replicas},
                        {"readyReplicas", status.ready_replicas},
                        {"availableReplicas", status.available_replicas},
                        {"unavailableReplicas", status.unavailable_replicas},
                        {"terminatingReplicas", status.terminating_replicas.value_or(0)},
                        {"collisionCount", status.collision_count.value_or(0)}});
  check_not_more(report, {"updatedReplicas", status.updated_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"readyReplicas", status.ready_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.ready_replicas,
                 "cannot be greater than readyReplicas");
  check_collision_count(report, status.collision_count, current.status.collision_count);
  return report.take();
}

FieldErrors validate_replica_set(const apps::ReplicaSet& next, const apps::ReplicaSet* current) {
  Report report;
  Place at("spec");
  report.not_negative(Place(at, "replicas"), next.spec.replicas);
  report.not_negative(Place(at, "minReadySeconds"), int64_t{next.spec.min_ready_seconds});
  check_pods(report, next.spec, current == nullptr ? nullptr : &current->spec.template_, at);
  if (current != nullptr) {
    report.immutable_unless(next.spec.selector == current->spec.selector, Place(at, "selector"),
                            bad_value(next.spec.selector));
  }
  return report.take();
}

FieldErrors validate_replica_set_status(const apps::ReplicaSet& next) {
  Report report;
  const auto& status = next.status;
  check_counts(report, {{"replicas", status.replicas},
                        {"fullyLabeledReplicas", status.fully_labeled_replicas},
                        {"readyReplicas", status.ready_replicas},
                        {"availableReplicas", status.available_replicas},
                        {"terminatingReplicas", status.terminating_replicas.value_or(0)},
                        {"observedGeneration", status.observed_generation}});
  check_not_more(report, {"fullyLabeledReplicas", status.fully_labeled_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"readyReplicas", status.ready_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.ready_replicas,
                 "cannot be greater than readyReplicas");
  return report.take();
}

}  // namespace apiserver
