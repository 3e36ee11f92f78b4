#include <algorithm>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/device.h"
#include "apiserver/registry/validation/expressions.h"
#include "base/strings.h"
#include "schema/named_format.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace resource = api::resource_k8s_io_v1;

constexpr size_t kJsonMax = 10 * 1024;
constexpr size_t kExpressionMax = 10 * 1024;
constexpr std::string_view kNoRequest =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

bool names_request(std::string_view name, const resource::DeviceClaim& claim) {
  auto segments = base::split(name, '/');
  for (const auto& request : claim.requests) {
    if (request.name != segments[0]) continue;
    if (segments.size() == 1) return true;
    for (const auto& one : request.first_available) {
      if (one.name == segments[1]) return true;
    }
  }
  return false;
}

}  // namespace

void check_device_selectors(Report& report, const std::vector<resource::DeviceSelector>& selectors, const Place& at) {
  for (size_t i = 0; i < selectors.size(); ++i) {
    Place here(at, i);
    Place cel(here, "cel");
    if (!selectors[i].cel) {
      report.required(cel);
    } else if (selectors[i].cel->expression.size() > kExpressionMax) {
      report.too_long(Place(cel, "expression"), kExpressionMax);
    } else {
      check_device_expression(report, selectors[i].cel->expression, Place(cel, "expression"));
    }
  }
}

void check_device_configuration(Report& report, const resource::DeviceConfiguration& configuration, const Place& at) {
  Place opaque(at, "opaque");
  if (!configuration.opaque) {
    report.required(opaque);
  } else {
    check_opaque_json(report, configuration.opaque->parameters, Place(opaque, "parameters"));
  }
}

void check_opaque_json(Report& report, const std::string& json, const Place& at) {
  if (json.empty()) {
    report.required(at);
    return;
  }
  if (json.size() > kJsonMax) {
    report.too_long(at, kJsonMax);
    return;
  }
  auto parsed = schema::Value::parse(json);
  if (!parsed) {
    report.invalid(at, "<value omitted>", base::cat({"error parsing data as JSON: ", parsed.error().message()}));
  } else if (parsed->is_null()) {
    report.required(at);
  } else if (!parsed->is_object()) {
    report.invalid(at, "<value omitted>", "parameters must be a valid JSON object");
  }
}

void check_device_toleration(Report& report, const resource::DeviceToleration& toleration, const Place& at) {
  Place operation(at, "operator");
  Place value(at, "value");
  if (toleration.operator_ == "Exists") {
    if (!toleration.value.empty()) report.invalid(value, toleration.value, "must be empty for operator `Exists`");
  } else if (toleration.operator_ == "Equal") {
    report.problems(value, toleration.value, schema::check_label_value(toleration.value));
  }
  if (toleration.key.empty() && toleration.operator_ != "Exists") {
    report.invalid(operation, toleration.operator_,
                   "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration.toleration_seconds && toleration.effect != "NoExecute") {
    report.invalid(Place(at, "effect"), toleration.effect, "must be 'NoExecute' when `tolerationSeconds` is set");
  }
}

void check_binding_conditions(Report& report, const std::vector<std::string>& conditions,
                              const std::vector<std::string>& failures, const Place& at) {
  Place conditions_at(at, "bindingConditions");
  Place failures_at(at, "bindingFailureConditions");
  for (size_t i = 0; i < conditions.size(); ++i) check_qualified(report, conditions[i], Place(conditions_at, i));
  for (size_t i = 0; i < failures.size(); ++i) check_qualified(report, failures[i], Place(failures_at, i));
  if (conditions.empty() && !failures.empty()) {
    report.invalid(conditions_at, nullptr, "bindingConditions are required to use bindingFailureConditions");
  }
  if (failures.empty() && !conditions.empty()) {
    report.invalid(failures_at, nullptr, "bindingFailureConditions are required to use bindingConditions");
  }
}

void check_pool_name(Report& report, const std::string& name, const Place& at) {
  if (name.empty()) {
    report.required(at);
  } else {
    report.add(schema::check_named_format("k8s-resource-pool-name", name, at.path()));
  }
}

void check_device_qualified_name(Report& report, std::string_view name, const Place& at) {
  report.add(schema::check_named_format("k8s-resource-qualified-name", name, at.path()));
}

void check_request_reference(Report& report, std::string_view name, const resource::DeviceClaim& claim,
                             const Place& at) {
  auto segments = base::split(name, '/');
  if (segments.size() > 2) {
    report.invalid(at, name, kNoRequest);
    return;
  }
  for (std::string_view segment : segments) check_label(report, segment, at);
  if (!names_request(name, claim)) report.invalid(at, name, kNoRequest);
}

}  // namespace apiserver
