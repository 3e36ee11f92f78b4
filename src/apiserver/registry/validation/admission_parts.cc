#include "apiserver/registry/validation/admission_parts.h"

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace admission = api::admissionregistration_k8s_io_v1;

constexpr size_t kConditionsMax = 64;

bool has_all(const std::vector<std::string>& list) {
  return std::ranges::find(list, "*") != list.end();
}

// Not empty, and * alone or not at all.
void check_list(Report& report, const std::vector<std::string>& list, std::string_view what, const Place& at) {
  if (list.empty()) report.required(at);
  if (list.size() > 1 && has_all(list)) {
    report.invalid(at, bad_value(list), base::cat({"if '*' is present, must not specify other ", what}));
  }
}

// "pods", "pods/log", "*", "*/scale", "pods/*", "*/*".
void check_resources(Report& report, const std::vector<std::string>& resources, const Place& at) {
  if (resources.empty()) report.required(at);
  std::set<std::string_view> all_subresources_of;
  std::set<std::string_view> subresource_of_all;
  bool everything = false;
  bool all_resources = false;
  bool plain = false;
  for (size_t i = 0; i < resources.size(); ++i) {
    std::string_view one = resources[i];
    Place here(at, i);
    if (one.empty()) {
      report.required(here);
      continue;
    }
    everything |= one == "*/*";
    all_resources |= one == "*";
    size_t slash = one.find('/');
    if (slash == one.npos) {
      plain = one != "*";
      continue;
    }
    std::string_view resource = one.substr(0, slash);
    std::string_view subresource = one.substr(slash + 1);
    if (all_subresources_of.contains(resource)) {
      report.invalid(here, one, base::cat({"if '", resource, "/*' is present, must not specify ", one}));
    }
    if (subresource_of_all.contains(subresource)) {
      report.invalid(here, one, base::cat({"if '*/", subresource, "' is present, must not specify ", one}));
    }
    if (subresource == "*") all_subresources_of.insert(resource);
    if (resource == "*") subresource_of_all.insert(subresource);
  }
  if (resources.size() > 1 && everything) {
    report.invalid(at, bad_value(resources), "if '*/*' is present, must not specify other resources");
  }
  if (all_resources && plain) {
    report.invalid(at, bad_value(resources),
                   "if '*' is present, must not specify other resources without subresources");
  }
}

void check_named_rules(Report& report, const std::vector<admission::NamedRuleWithOperations>& rules, const Place& at) {
  for (size_t i = 0; i < rules.size(); ++i) {
    Place here(at, i);
    Place names(here, "resourceNames");
    std::set<std::string_view> seen;
    for (size_t k = 0; k < rules[i].resource_names.size(); ++k) {
      const auto& name = rules[i].resource_names[k];
      Place name_at(names, k);
      report.problems(name_at, name, schema::check_path_segment(name));
      if (!seen.insert(name).second) report.duplicate(name_at, name);
    }
    check_match_rule(report, rules[i], here);
  }
}

void check_selector(Report& report, const schema::Box<api::meta_v1::LabelSelector>& selector, SelectorValues values,
                    const Place& at) {
  if (!selector) {
    report.required(at);
  } else {
    check_label_selector(report, *selector, at, values);
  }
}

}  // namespace

void check_match_rule(Report& report, const admission::RuleWithOperations& rule, const Place& at) {
  Place operations(at, "operations");
  check_list(report, rule.operations, "operations", operations);
  for (size_t i = 0; i < rule.operations.size(); ++i) {
    report.one_of(Place(operations, i), rule.operations[i], {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"});
  }
  check_list(report, rule.api_groups, "API groups", Place(at, "apiGroups"));
  Place versions(at, "apiVersions");
  check_list(report, rule.api_versions, "API versions", versions);
  for (size_t i = 0; i < rule.api_versions.size(); ++i) {
    if (rule.api_versions[i].empty()) report.required(Place(versions, i));
  }
  check_resources(report, rule.resources, Place(at, "resources"));
  if (rule.scope) report.one_of(Place(at, "scope"), *rule.scope, {"*", "Cluster", "Namespaced"});
}

void check_match_conditions(Report& report, const std::vector<admission::MatchCondition>& conditions,
                            const ExpressionScope& scope, const Place& at) {
  if (conditions.size() > kConditionsMax) report.too_many(at, conditions.size(), kConditionsMax);
  std::set<std::string_view> names;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const auto& condition = conditions[i];
    Place here(at, i);
    std::string_view expression = base::trim(condition.expression);
    if (expression.empty()) {
      report.required(Place(here, "expression"));
    } else {
      scope.check(report, expression, Gives::Bool, Place(here, "expression"));
    }
    Place name(here, "name");
    if (condition.name.empty()) {
      report.required(name);
    } else {
      check_qualified(report, condition.name, name);
      if (!names.insert(condition.name).second) report.duplicate(name, condition.name);
    }
  }
}

void check_match_resources(Report& report, const admission::MatchResources& resources, SelectorValues values,
                           const Place& at) {
  Place policy(at, "matchPolicy");
  if (!resources.match_policy) {
    report.required(policy);
  } else {
    report.one_of(policy, *resources.match_policy, kMatchPolicies);
  }
  check_selector(report, resources.namespace_selector, values, Place(at, "namespaceSelector"));
  check_selector(report, resources.object_selector, values, Place(at, "objectSelector"));
  check_named_rules(report, resources.resource_rules, Place(at, "resourceRules"));
  check_named_rules(report, resources.exclude_resource_rules, Place(at, "excludeResourceRules"));
}

}  // namespace apiserver
