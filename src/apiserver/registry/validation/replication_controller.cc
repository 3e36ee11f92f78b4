// Replication controllers, and templates that stand alone.

#include "apiserver/registry/validation/pod_template.h"
#include "apiserver/registry/validation/workload.h"
#include "apiserver/registry/validation/workload_parts.h"
#include "schema/selector.h"

namespace apiserver {

namespace core = api::core_v1;
using schema::FieldErrors;

namespace {

// Numbers that are bad are so by a declared rule, which is kept once for every write.
enum class Numbers : uint8_t { Checked, Unchecked };

void check_controller(Report& report, const core::ReplicationController& next,
                      const core::ReplicationController* current, Numbers numbers) {
  const auto& spec = next.spec;
  Place at("spec");
  bool checked = numbers == Numbers::Checked;
  if (checked) report.not_negative(Place(at, "minReadySeconds"), int64_t{spec.min_ready_seconds});
  if (spec.selector.empty()) report.required(Place(at, "selector"));
  if (checked) report.not_negative(Place(at, "replicas"), spec.replicas);
  Place template_(at, "template");
  if (!spec.template_) {
    report.required(template_);
    return;
  }
  if (!spec.selector.empty() && !schema::LabelSelector::from(spec.selector).matches(spec.template_->metadata.labels)) {
    complain_about_labels(report, *spec.template_, template_);
  }
  check_pod_template(report, *spec.template_, current == nullptr ? nullptr : current->spec.template_.get(), template_);
  check_always_runs(report, *spec.template_, "ReplicationController", template_);
}

}  // namespace

FieldErrors validate_replication_controller(const core::ReplicationController& next,
                                            const core::ReplicationController* current) {
  Report report;
  check_controller(report, next, current, Numbers::Checked);
  // What is wrong with it is said once more with the update.
  if (current != nullptr) check_controller(report, next, current, Numbers::Unchecked);
  return report.take();
}

FieldErrors validate_replication_controller_status(const core::ReplicationController& next) {
  Report report;
  const auto& status = next.status;
  check_counts(report, {{"replicas", status.replicas},
                        {"fullyLabeledReplicas", status.fully_labeled_replicas},
                        {"readyReplicas", status.ready_replicas},
                        {"availableReplicas", status.available_replicas},
                        {"observedGeneration", status.observed_generation}});
  check_not_more(report, {"fullyLabeledReplicas", status.fully_labeled_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"readyReplicas", status.ready_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.replicas, kMoreThanReplicas);
  check_not_more(report, {"availableReplicas", status.available_replicas}, status.ready_replicas,
                 "cannot be greater than readyReplicas");
  return report.take();
}

FieldErrors validate_pod_template_object(const core::PodTemplate& next, const core::PodTemplate* current) {
  Report report;
  check_pod_template(report, next.template_, current == nullptr ? nullptr : &current->template_, Place("template"));
  return report.take();
}

}  // namespace apiserver
