#include "apiserver/registry/validation/workload.h"

#include "apiserver/registry/validation/pod_template.h"
#include "base/json.h"
#include "schema/json.h"
#include "schema/selector.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace core = api::core_v1;
namespace meta = api::meta_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

void check_not_negative(FieldErrors& errors, const std::optional<int32_t>& value, const FieldPath& path) {
  if (value && *value < 0) errors.push_back(FieldError::invalid(path, *value, "must be greater than or equal to 0"));
}

// The selector selects something, and the template's pods.
void check_selector(FieldErrors& errors, const schema::Box<meta::LabelSelector>& selector, const core::PodTemplateSpec& pod,
                    const FieldPath& spec) {
  if (!selector) {
    errors.push_back(FieldError::required(spec.child("selector")));
    return;
  }
  if (selector->match_labels.empty() && selector->match_expressions.empty()) {
    errors.push_back(FieldError::invalid(spec.child("selector"), BadValue::json(schema::to_json(*selector)),
                                         "empty selector is invalid for deployment"));
    return;
  }
  auto parsed = schema::LabelSelector::from(*selector);
  if (parsed && !parsed->matches(pod.metadata.labels)) {
    std::string shown = "{";
    for (const auto& [key, value] : pod.metadata.labels) {
      if (shown.size() > 1) shown += ',';
      base::append_json_string(shown, key);
      shown += ':';
      base::append_json_string(shown, value);
    }
    errors.push_back(FieldError::invalid(spec.child("template", "metadata", "labels"), BadValue::json(shown + "}"),
                                         "`selector` does not match template `labels`"));
  }
}

}  // namespace

FieldErrors validate_deployment(const apps::Deployment& next, const apps::Deployment* current) {
  FieldErrors errors;
  FieldPath spec("spec");
  check_not_negative(errors, next.spec.replicas, spec.child("replicas"));
  check_selector(errors, next.spec.selector, next.spec.template_, spec);
  schema::append(errors, validate_pod_template(next.spec.template_, spec.child("template")));
  if (next.spec.template_.spec.restart_policy != "Always" && !next.spec.template_.spec.restart_policy.empty()) {
    errors.push_back(FieldError::not_supported(spec.child("template", "spec", "restartPolicy"), next.spec.template_.spec.restart_policy, {"Always"}));
  }
  if (next.spec.min_ready_seconds < 0) {
    errors.push_back(FieldError::invalid(spec.child("minReadySeconds"), next.spec.min_ready_seconds, "must be greater than or equal to 0"));
  }
  check_not_negative(errors, next.spec.revision_history_limit, spec.child("revisionHistoryLimit"));
  if (current != nullptr && !(next.spec.selector == current->spec.selector)) {
    errors.push_back(FieldError::invalid(spec.child("selector"),
                                         next.spec.selector ? BadValue::json(schema::to_json(*next.spec.selector)) : BadValue(),
                                         "field is immutable"));
  }
  return errors;
}

FieldErrors validate_stateful_set(const apps::StatefulSet& next, const apps::StatefulSet* current) {
  FieldErrors errors;
  FieldPath spec("spec");
  check_not_negative(errors, next.spec.replicas, spec.child("replicas"));
  check_selector(errors, next.spec.selector, next.spec.template_, spec);
  schema::append(errors, validate_pod_template(next.spec.template_, spec.child("template")));
  if (current != nullptr) {
    apps::StatefulSetSpec mended = next.spec;
    mended.replicas = current->spec.replicas;
    mended.ordinals = current->spec.ordinals;
    mended.template_ = current->spec.template_;
    mended.update_strategy = current->spec.update_strategy;
    mended.revision_history_limit = current->spec.revision_history_limit;
    mended.persistent_volume_claim_retention_policy = current->spec.persistent_volume_claim_retention_policy;
    mended.min_ready_seconds = current->spec.min_ready_seconds;
    if (!(mended == current->spec)) {
      errors.push_back(FieldError::forbidden(
          spec,
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
          "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"));
    }
  }
  return errors;
}

}  // namespace apiserver
