// What may change of a pod that is there.

#include <algorithm>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "base/contains.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

constexpr std::string_view kMayChange =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

// False when there is nothing to compare them with.
bool check_images(Report& report, const std::vector<core::Container>& next, const std::vector<core::Container>& current,
                  const Place& at) {
  if (next.size() != current.size()) {
    report.forbidden(at, "pod updates may not add or remove containers");
    return false;
  }
  for (size_t i = 0; i < next.size(); ++i) {
    Place here(at, i);
    if (next[i].image.empty()) report.required(Place(here, "image"));
    if (base::trim(next[i].image).size() != next[i].image.size()) {
      report.invalid(Place(here, "image"), next[i].image, "must not have leading or trailing whitespace");
    }
  }
  return true;
}

// A deadline may be set, and come nearer.
bool check_deadline(Report& report, const core::PodSpec& next, const core::PodSpec& current, const Place& at) {
  if (!next.active_deadline_seconds) {
    if (current.active_deadline_seconds)
      report.invalid(at, nullptr, "must not update from a positive integer to nil value");
    return true;
  }
  int64_t seconds = *next.active_deadline_seconds;
  auto problems = schema::check_in_range(seconds, 0, INT32_MAX);
  report.problems(at, seconds, problems);
  if (!problems.empty()) return false;
  if (!current.active_deadline_seconds || *current.active_deadline_seconds >= seconds) return true;
  report.invalid(at, seconds, "must be less than or equal to previous value");
  return false;
}

void check_only_added_tolerations(Report& report, const std::vector<core::Toleration>& next,
                                  const std::vector<core::Toleration>& current, const Place& at) {
  for (core::Toleration old : current) {
    bool found = std::ranges::any_of(next, [&](const core::Toleration& one) {
      old.toleration_seconds = one.toleration_seconds;
      return old == one;
    });
    if (found) continue;
    report.forbidden(at, "existing toleration can not be modified except its tolerationSeconds");
    return;
  }
  check_tolerations(report, next, at);
}

void check_only_deleted_gates(Report& report, const std::vector<core::PodSchedulingGate>& next,
                              const std::vector<core::PodSchedulingGate>& current, const Place& at) {
  for (size_t i = 0; i < next.size(); ++i) {
    if (base::contains(current, next[i])) continue;
    Place here(at, i);
    report.forbidden(Place(here, "name"),
                     base::cat({"only deletion is allowed, but found new scheduling gate '", next[i].name, "'"}));
  }
}

template <class T>
bool begins_with(const std::vector<T>& list, const std::vector<T>& start) {
  return list.size() >= start.size() && std::equal(start.begin(), start.end(), list.begin());
}

bool only_adds(const core::NodeSelectorTerm& next, const core::NodeSelectorTerm& current) {
  // An empty term selects nothing; one that is not would select more.
  if (current.match_expressions.empty() && current.match_fields.empty()) {
    return next.match_expressions.empty() && next.match_fields.empty();
  }
  return begins_with(next.match_expressions, current.match_expressions) &&
         begins_with(next.match_fields, current.match_fields);
}

// While a pod is held back, where it may run can be narrowed.
void check_node_affinity_change(Report& report, const schema::Box<core::NodeAffinity>& next,
                                const core::NodeAffinity& current, const Place& at) {
  if (!current.required_during_scheduling_ignored_during_execution) return;
  const auto& before = current.required_during_scheduling_ignored_during_execution->node_selector_terms;
  static const std::vector<core::NodeSelectorTerm> kNone;
  const auto& now = next && next->required_during_scheduling_ignored_during_execution
                        ? next->required_during_scheduling_ignored_during_execution->node_selector_terms
                        : kNone;
  Place required(at, "requiredDuringSchedulingIgnoredDuringExecution");
  Place terms(required, "nodeSelectorTerms");
  if (!before.empty() && before.size() != now.size()) {
    report.invalid(terms, go_value(now), "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
    return;
  }
  for (size_t i = 0; i < before.size(); ++i) {
    if (only_adds(now[i], before[i])) continue;
    report.invalid(Place(terms, i), go_value(now[i]), "only additions are allowed (no mutations or deletions)");
  }
}

void allow_changes_while_gated(Report& report, core::PodSpec& mended, const core::PodSpec& current, const Place& spec) {
  if (mended.node_selector != current.node_selector) {
    for (const auto& [key, value] : current.node_selector) {
      auto found = mended.node_selector.find(key);
      if (found != mended.node_selector.end() && found->second == value) continue;
      report.invalid(Place(spec, "nodeSelector"), bad_value(mended, mended.node_selector),
                     "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
      break;
    }
    mended.node_selector = current.node_selector;
  }
  schema::Box<core::NodeAffinity> none;
  const auto& before = current.affinity ? current.affinity->node_affinity : none;
  const auto now = mended.affinity ? mended.affinity->node_affinity : none;
  if (now == before) return;
  if (before) check_node_affinity_change(report, now, *before, Place(spec, "affinity.nodeAffinity"));
  if (!mended.affinity) {
    if (before) mended.affinity.ensure().node_affinity = before;
  } else if (!current.affinity && !mended.affinity->pod_affinity && !mended.affinity->pod_anti_affinity) {
    mended.affinity.reset();
  } else {
    mended.affinity->node_affinity = before;
  }
}

}  // namespace

FieldErrors validate_pod_update(const core::Pod& next, const core::Pod& current) {
  Report report;
  Place spec("spec");
  check_pod(report, next, &current);
  check_pod_annotation_updates(report, next, current);
  if (!check_images(report, next.spec.containers, current.spec.containers, Place(spec, "containers")))
    return report.take();
  if (!check_images(report, next.spec.init_containers, current.spec.init_containers, Place(spec, "initContainers")))
    return report.take();
  if (!check_deadline(report, next.spec, current.spec, Place(spec, "activeDeadlineSeconds"))) return report.take();
  check_only_added_tolerations(report, next.spec.tolerations, current.spec.tolerations, Place(spec, "tolerations"));
  check_only_deleted_gates(report, next.spec.scheduling_gates, current.spec.scheduling_gates,
                           Place(spec, "schedulingGates"));
  if (next.spec == current.spec) return report.take();

  // What may change is set back; the rest has to be what it was.
  core::PodSpec mended = next.spec;
  for (size_t i = 0; i < mended.containers.size(); ++i) mended.containers[i].image = current.spec.containers[i].image;
  for (size_t i = 0; i < mended.init_containers.size(); ++i)
    mended.init_containers[i].image = current.spec.init_containers[i].image;
  mended.active_deadline_seconds = current.spec.active_deadline_seconds;
  mended.scheduling_gates = current.spec.scheduling_gates;
  mended.tolerations = current.spec.tolerations;
  if (current.spec.termination_grace_period_seconds.value_or(0) < 0 && mended.termination_grace_period_seconds == 1) {
    mended.termination_grace_period_seconds = current.spec.termination_grace_period_seconds;
  }
  if (!current.spec.scheduling_gates.empty()) allow_changes_while_gated(report, mended, current.spec, spec);
  if (!(mended == current.spec)) report.forbidden(spec, base::cat({kMayChange, go_diff(current.spec, mended)}));
  return report.take();
}

}  // namespace apiserver
