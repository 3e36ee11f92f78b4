#include "apiserver/registry/validation/storage_class.h"

#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/values.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace storage = api::storage_k8s_io_v1;

constexpr size_t kParametersMax = 512;
constexpr size_t kParametersBytesMax = size_t{256} << 10;

void check_provisioner(Report& report, std::string_view name, const Place& at) {
  if (name.empty()) {
    report.required(at);
  } else {
    report.problems(at, name, schema::check_qualified_name(base::to_lower(name)));
  }
}

void check_parameters(Report& report, const Labels& parameters, const Place& at) {
  if (parameters.size() > kParametersMax) {
    report.too_long(at, kParametersMax);
    return;
  }
  size_t bytes = 0;
  for (const auto& [key, value] : parameters) {
    if (key.empty()) report.invalid(at, key, "field can not be empty.");
    bytes += key.size() + value.size();
  }
  if (bytes > kParametersBytesMax) report.too_long(at, kParametersBytesMax);
}

void check_topology(Report& report, const core::TopologySelectorTerm& term, const Place& at) {
  Place expressions(at, "matchLabelExpressions");
  std::set<std::string_view> keys;
  for (size_t i = 0; i < term.match_label_expressions.size(); ++i) {
    const auto& expression = term.match_label_expressions[i];
    Place here(expressions, i);
    Place values(here, "values");
    if (expression.values.empty()) report.required(values);
    std::set<std::string_view> seen;
    for (size_t k = 0; k < expression.values.size(); ++k) {
      if (!seen.insert(expression.values[k]).second) report.duplicate(Place(values, k), expression.values[k]);
    }
    check_qualified(report, expression.key, Place(here, "key"));
    if (!keys.insert(expression.key).second) report.duplicate(Place(here, "key"), expression.key);
  }
}

// A term as a set: which values each key may have.
std::set<std::pair<std::string_view, std::string_view>> contents(const core::TopologySelectorTerm& term) {
  std::set<std::pair<std::string_view, std::string_view>> out;
  for (const auto& expression : term.match_label_expressions) {
    for (const auto& value : expression.values) out.insert({expression.key, value});
  }
  return out;
}

}  // namespace

schema::FieldErrors validate_storage_class(const storage::StorageClass& next, const storage::StorageClass* current) {
  Report report;
  Place parameters("parameters");
  Place provisioner("provisioner");
  Place reclaim_policy("reclaimPolicy");
  Place binding_mode("volumeBindingMode");
  if (current != nullptr) {
    report.immutable_unless(next.parameters == current->parameters, parameters, bad_value(next, next.parameters));
    report.immutable_unless(next.provisioner == current->provisioner, provisioner, next.provisioner);
    report.immutable_unless(next.reclaim_policy == current->reclaim_policy, reclaim_policy,
                            bad_value(next.reclaim_policy));
    report.immutable_unless(next.volume_binding_mode == current->volume_binding_mode, binding_mode,
                            bad_value(next.volume_binding_mode));
    return report.take();
  }
  check_provisioner(report, next.provisioner, provisioner);
  check_parameters(report, next.parameters, parameters);
  if (next.reclaim_policy && !next.reclaim_policy->empty()) {
    report.one_of(reclaim_policy, *next.reclaim_policy, {"Delete", "Retain"});
  }
  if (!next.volume_binding_mode) {
    report.required(binding_mode);
  } else {
    report.one_of(binding_mode, *next.volume_binding_mode, {"Immediate", "WaitForFirstConsumer"});
  }
  Place topologies("allowedTopologies");
  std::set<std::set<std::pair<std::string_view, std::string_view>>> seen;
  for (size_t i = 0; i < next.allowed_topologies.size(); ++i) {
    const auto& term = next.allowed_topologies[i];
    Place here(topologies, i);
    check_topology(report, term, here);
    if (!seen.insert(contents(term)).second) report.duplicate(Place(here, "matchLabelExpressions"), "");
  }
  return report.take();
}

schema::FieldErrors validate_volume_attributes_class(const storage::VolumeAttributesClass& next,
                                                     const storage::VolumeAttributesClass* current) {
  Report report;
  Place driver("driverName");
  Place parameters("parameters");
  if (current != nullptr) {
    if (next.driver_name != current->driver_name) report.forbidden(driver, "updates to driverName are forbidden.");
    if (next.parameters != current->parameters) report.forbidden(parameters, "updates to parameters are forbidden.");
    return report.take();
  }
  check_provisioner(report, next.driver_name, driver);
  check_parameters(report, next.parameters, parameters);
  if (next.parameters.empty()) report.required(parameters, "must contain at least one key/value pair");
  return report.take();
}

}  // namespace apiserver
