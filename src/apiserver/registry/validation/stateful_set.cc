// Stateful sets, and the revisions that they and daemon sets keep.

#include <algorithm>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_template.h"
#include "apiserver/registry/validation/workload.h"
#include "apiserver/registry/validation/workload_parts.h"
#include "base/contains.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace core = api::core_v1;
using schema::FieldErrors;

void check_update_strategy(Report& report, const apps::StatefulSetUpdateStrategy& strategy, const Place& at) {
  Place rolling_update(at, "rollingUpdate");
  if (strategy.type.empty()) {
    report.required(at);
  } else if (strategy.type == "OnDelete") {
    if (strategy.rolling_update) {
      report.invalid(rolling_update, go_value(strategy.rolling_update),
                     "only allowed for updateStrategy 'RollingUpdate'");
    }
  } else if (strategy.type != "RollingUpdate") {
    report.invalid(at, go_value(strategy), "must be 'RollingUpdate' or 'OnDelete'");
  } else if (strategy.rolling_update) {
    report.not_negative(Place(rolling_update, "partition"), strategy.rolling_update->partition);
  }
}

void check_spec(Report& report, const apps::StatefulSet& next, const apps::StatefulSet* current) {
  const auto& spec = next.spec;
  Place at("spec");
  Place policy(at, "podManagementPolicy");
  if (spec.pod_management_policy.empty()) {
    report.required(policy);
  } else if (!is_one_of(spec.pod_management_policy, {"OrderedReady", "Parallel"})) {
    report.invalid(policy, spec.pod_management_policy, "must be 'OrderedReady' or 'Parallel'");
  }
  check_update_strategy(report, spec.update_strategy, Place(at, "updateStrategy"));
  if (spec.persistent_volume_claim_retention_policy) {
    Place retention(at, "persistentVolumeClaimRetentionPolicy");
    report.one_of(Place(retention, "whenDeleted"), spec.persistent_volume_claim_retention_policy->when_deleted,
                  {"Retain", "Delete"});
    report.one_of(Place(retention, "whenScaled"), spec.persistent_volume_claim_retention_policy->when_scaled,
                  {"Retain", "Delete"});
  }
  report.not_negative(Place(at, "replicas"), spec.replicas);
  report.not_negative(Place(at, "minReadySeconds"), int64_t{spec.min_ready_seconds});
  if (spec.ordinals) report.not_negative(Place(at, "ordinals.start"), int64_t{spec.ordinals->start});
  // It becomes the pods' subdomain. An update cannot change it, so that what was let in stays.
  if (current == nullptr && !spec.service_name.empty())
    check_label(report, spec.service_name, Place(at, "serviceName"));
  Place selector(at, "selector");
  check_workload_selector(report, spec.selector, "statefulset", selector);
  Place template_(at, "template");
  auto fits = selects(spec.selector, spec.template_.metadata.labels);
  if (!fits) {
    report.invalid(selector, bad_value(spec.selector), "");
  } else {
    if (!*fits) complain_about_labels(report, spec.template_, template_);
    // The volumes that claims are made for stand in no template, so that mounts cannot be judged from it.
    apps::StatefulSetSpec whole;
    whole.template_ = spec.template_;
    for (const auto& claim : spec.volume_claim_templates) {
      const auto& name = claim.metadata.name;
      if (!schema::is_dns1123_label(name) || base::contains(whole.template_.spec.volumes, name, &core::Volume::name))
        continue;
      auto& volume = whole.template_.spec.volumes.emplace_back();
      volume.name = name;
      volume.persistent_volume_claim.ensure().claim_name = name;
    }
    check_pod_template(report, whole.template_, current == nullptr ? nullptr : &current->spec.template_, template_);
  }
  check_always_runs(report, spec.template_, "StatefulSet", template_);
}

}  // namespace

FieldErrors validate_stateful_set(const apps::StatefulSet& next, const apps::StatefulSet* current) {
  Report report;
  check_spec(report, next, current);
  if (current == nullptr) return report.take();
  apps::StatefulSetSpec mended = next.spec;
  mended.replicas = current->spec.replicas;
  mended.ordinals = current->spec.ordinals;
  mended.template_ = current->spec.template_;
  mended.update_strategy = current->spec.update_strategy;
  mended.revision_history_limit = current->spec.revision_history_limit;
  mended.persistent_volume_claim_retention_policy = current->spec.persistent_volume_claim_retention_policy;
  mended.min_ready_seconds = current->spec.min_ready_seconds;
  if (!(mended == current->spec)) {
    report.forbidden(
        Place("spec"),
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
        "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
  }
  return report.take();
}

FieldErrors validate_stateful_set_status(const apps::StatefulSet& next, const apps::StatefulSet& current) {
  Report report;
  const auto& status = next.status;
  check_counts(report, {{"replicas", status.replicas},
                        {"readyReplicas", status.ready_replicas},
                        {"currentReplicas", status.current_replicas},
                        {"updatedReplicas", status.updated_replicas},
                        {"availableReplicas", status.available_replicas},
                        {"observedGeneration", status.observed_generation},
                        {"collisionCount", status.collision_count.value_or(0)}});
  check_not_more(report, {"readyReplicas", status.ready_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"currentReplicas", status.current_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"updatedReplicas", status.updated_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.ready_replicas,
                 "cannot be greater than status.readyReplicas");
  check_collision_count(report, status.collision_count, current.status.collision_count);
  return report.take();
}

FieldErrors validate_controller_revision(const apps::ControllerRevision& next,
                                         const apps::ControllerRevision* current) {
  Report report;
  Place data("data");
  if (next.data.empty()) report.required(data, "data is mandatory");
  report.not_negative(Place("revision"), next.revision);
  if (current != nullptr) {
    std::string shown;
    schema::append_compact(shown, next.data.empty() ? "null" : next.data);
    // Compared as they were written, spaces too.
    report.immutable_unless(next.data == current->data, data, schema::BadValue::json(std::move(shown)));
  }
  return report.take();
}

}  // namespace apiserver
