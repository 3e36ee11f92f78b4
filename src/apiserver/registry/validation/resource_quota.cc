#include <algorithm>
#include <set>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/quota.h"
#include "apiserver/registry/validation/resources.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

bool is_scope(std::string_view scope) {
  return is_one_of(scope, {"Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass",
                           "CrossNamespacePodAffinity", "VolumeAttributesClass"});
}

// Whether a scope says something about the objects that a resource counts.
bool fits(std::string_view scope, std::string_view resource) {
  if (scope == "BestEffort") return resource == "pods";
  if (scope == "VolumeAttributesClass") return is_one_of(resource, {"persistentvolumeclaims", "requests.storage"});
  if (!is_scope(scope)) return true;
  return is_one_of(resource,
                   {"pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"});
}

bool conflict(const std::set<std::string_view>& scopes, int pair) {
  return pair == 0 ? scopes.contains("BestEffort") && scopes.contains("NotBestEffort")
                   : scopes.contains("Terminating") && scopes.contains("NotTerminating");
}

void check_amounts(Report& report, const Amounts& amounts, const Place& at) {
  for (const auto& [name, amount] : amounts) {
    Place here = Place::key(at, name);
    check_quota_resource_name(report, name, here);
    check_amount(report, name, amount, here);
  }
}

void check_scopes(Report& report, const core::ResourceQuotaSpec& spec, const Place& at) {
  std::set<std::string_view> seen;
  for (const auto& scope : spec.scopes) {
    if (!is_scope(scope)) report.invalid(at, bad_value(spec.scopes), "unsupported scope");
    for (const auto& [name, amount] : spec.hard) {
      if (is_quota_resource(name) && !fits(scope, name)) {
        report.invalid(at, bad_value(spec.scopes), "unsupported scope applied to resource");
      }
    }
    seen.insert(scope);
  }
  for (int pair : {0, 1}) {
    if (conflict(seen, pair)) report.invalid(at, bad_value(spec.scopes), "conflicting scopes");
  }
}

void check_selector(Report& report, const core::ResourceQuotaSpec& spec, const Place& at) {
  std::set<std::string_view> seen;
  for (const auto& requirement : spec.scope_selector->match_expressions) {
    const auto& scope = requirement.scope_name;
    const auto& op = requirement.operator_;
    if (!is_scope(scope)) report.invalid(Place(at, "scopeName"), scope, "unsupported scope");
    for (const auto& [name, amount] : spec.hard) {
      if (is_quota_resource(name) && !fits(scope, name)) {
        report.invalid(at, go_value(spec.scope_selector), "unsupported scope applied to resource");
      }
    }
    if (is_one_of(scope,
                  {"BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"}) &&
        op != "Exists") {
      report.invalid(
          Place(at, "operator"), op,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
          "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
          "ResourceQuotaScopeCrossNamespacePodAffinity");
    }
    if (op == "In" || op == "NotIn") {
      if (requirement.values.empty()) {
        report.required(Place(at, "values"),
                        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!requirement.values.empty()) {
        report.invalid(Place(at, "values"), bad_value(requirement.values),
                       "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
      }
    } else {
      report.invalid(Place(at, "operator"), op, "not a valid selector operator");
    }
    seen.insert(scope);
  }
  for (int pair : {0, 1}) {
    if (conflict(seen, pair)) {
      report.invalid(at, spec.scopes.empty() ? schema::BadValue() : bad_value(spec.scopes), "conflicting scopes");
    }
  }
}

void check_status(Report& report, const core::ResourceQuotaStatus& status) {
  Place at("status");
  check_amounts(report, status.hard, Place(at, "hard"));
  check_amounts(report, status.used, Place(at, "used"));
}

}  // namespace

FieldErrors validate_resource_quota(const core::ResourceQuota& next, const core::ResourceQuota* current) {
  Report report;
  Place at("spec");
  check_amounts(report, next.spec.hard, Place(at, "hard"));
  Place scopes(at, "scopes");
  check_scopes(report, next.spec, scopes);
  if (next.spec.scope_selector) check_selector(report, next.spec, Place(at, "scopeSelector.matchExpressions"));
  if (current == nullptr) {
    check_status(report, next.status);
  } else {
    std::set<std::string_view> now(next.spec.scopes.begin(), next.spec.scopes.end());
    std::set<std::string_view> before(current->spec.scopes.begin(), current->spec.scopes.end());
    report.immutable_unless(now == before, scopes,
                            next.spec.scopes.empty() ? schema::BadValue() : bad_value(next.spec.scopes));
  }
  return report.take();
}

FieldErrors validate_resource_quota_status(const core::ResourceQuota& next) {
  Report report;
  check_status(report, next.status);
  return report.take();
}

}  // namespace apiserver
