#include <algorithm>
#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/flow_control.h"
#include "apiserver/registry/validation/go_form.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace flowcontrol = api::flowcontrol_apiserver_k8s_io_v1;

constexpr int32_t kPrecedenceMax = 10000;
constexpr std::string_view kExempt = "exempt";

bool has_all(const std::vector<std::string>& list) {
  return std::ranges::find(list, "*") != list.end();
}

// Not empty, and * alone or not at all. Whether the elements are still to be looked at.
bool check_list(Report& report, const std::vector<std::string>& list, const Place& at, std::string_view empty,
                std::string_view others) {
  if (list.empty()) {
    report.required(at, empty);
    return false;
  }
  if (!has_all(list)) return true;
  if (list.size() > 1) report.invalid(at, bad_value(list), others);
  return false;
}

void check_verbs(Report& report, const std::vector<std::string>& verbs, const Place& at) {
  static constexpr Supported kVerbs = {"create", "delete", "deletecollection", "get",  "list",
                                       "patch",  "proxy",  "update",           "watch"};
  if (!check_list(report, verbs, at, "verbs must contain at least one value",
                  "if '*' is present, must not specify other verbs"))
    return;
  bool known = std::ranges::all_of(verbs, [&](const std::string& verb) { return is_one_of(verb, kVerbs); });
  if (!known) report.not_supported(at, bad_value(verbs), kVerbs);
}

void check_path_pattern(Report& report, const std::string& path, const Place& at) {
  std::string_view problem;
  if (path.empty()) {
    problem = "must not be empty";
  } else if (path == "/") {
    return;
  } else if (path[0] != '/') {
    problem = "must start with slash";
  } else if (path.find(' ') != std::string::npos) {
    problem = "must not contain white-space";
  } else if (path.find("//") != std::string::npos) {
    problem = "must not contain double slash";
  } else if (size_t star = path.find('*');
             star != std::string::npos && (star + 1 != path.size() || path[star - 1] != '/')) {
    problem = "wildcard can only do suffix matching";
  }
  if (!problem.empty()) report.invalid(at, path, problem);
}

void check_non_resource_rule(Report& report, const flowcontrol::NonResourcePolicyRule& rule, const Place& at) {
  check_verbs(report, rule.verbs, Place(at, "verbs"));
  Place urls(at, "nonResourceURLs");
  if (!check_list(report, rule.non_resource_urls, urls, "nonResourceURLs must contain at least one value",
                  "if '*' is present, must not specify other non-resource URLs")) {
    return;
  }
  for (size_t i = 0; i < rule.non_resource_urls.size(); ++i)
    check_path_pattern(report, rule.non_resource_urls[i], Place(urls, i));
}

void check_resource_rule(Report& report, const flowcontrol::ResourcePolicyRule& rule, const Place& at) {
  check_verbs(report, rule.verbs, Place(at, "verbs"));
  check_list(report, rule.api_groups, Place(at, "apiGroups"), "resource rules must supply at least one api group",
             "if '*' is present, must not specify other api groups");
  check_list(report, rule.resources, Place(at, "resources"), "resource rules must supply at least one resource",
             "if '*' is present, must not specify other resources");
  Place namespaces(at, "namespaces");
  if (rule.namespaces.empty()) {
    if (!rule.cluster_scope) {
      report.required(namespaces, "resource rules that are not cluster scoped must supply at least one namespace");
    }
  } else if (has_all(rule.namespaces)) {
    if (rule.namespaces.size() > 1) {
      report.invalid(namespaces, bad_value(rule.namespaces), "if '*' is present, must not specify other namespaces");
    }
  } else {
    for (size_t i = 0; i < rule.namespaces.size(); ++i) check_label(report, rule.namespaces[i], Place(namespaces, i));
  }
}

void check_service_account(Report& report, const flowcontrol::ServiceAccountSubject& account, const Place& at) {
  Place name(at, "name");
  if (account.name.empty()) {
    report.required(name);
  } else if (account.name != "*") {
    check_subdomain(report, account.name, name);
  }
  Place namespace_at(at, "namespace");
  if (account.namespace_.empty()) {
    report.required(namespace_at, "must specify namespace for service account");
  } else {
    check_label(report, account.namespace_, namespace_at);
  }
}

void check_subject(Report& report, const flowcontrol::Subject& subject, const Place& at) {
  Place user(at, "user");
  Place group(at, "group");
  Place account(at, "serviceAccount");
  if (!is_one_of(subject.kind, {"Group", "ServiceAccount", "User"})) {
    report.not_supported(Place(at, "kind"), subject.kind, {"Group", "ServiceAccount", "User"});
    return;
  }
  auto check_named = [&](const auto& who, const Place& here, std::string_view missing) {
    if (!who) {
      report.required(here, missing);
    } else if (who->name.empty()) {
      report.required(Place(here, "name"));
    }
  };
  if (subject.kind == "ServiceAccount") {
    if (!subject.service_account) {
      report.required(account, "serviceAccount is required when subject kind is 'ServiceAccount'");
    } else {
      check_service_account(report, *subject.service_account, account);
    }
  } else if (subject.kind == "User") {
    check_named(subject.user, user, "user is required when subject kind is 'User'");
  } else {
    check_named(subject.group, group, "group is required when subject kind is 'Group'");
  }
  if (subject.kind != "ServiceAccount" && subject.service_account) {
    report.forbidden(account, "serviceAccount is forbidden when subject kind is not 'ServiceAccount'");
  }
  if (subject.kind != "User" && subject.user)
    report.forbidden(user, "user is forbidden when subject kind is not 'User'");
  if (subject.kind != "Group" && subject.group)
    report.forbidden(group, "group is forbidden when subject kind is not 'Group'");
}

void check_rule(Report& report, const flowcontrol::PolicyRulesWithSubjects& rule, const Place& at) {
  Place subjects(at, "subjects");
  if (rule.subjects.empty()) report.required(subjects, "subjects must contain at least one value");
  for (size_t i = 0; i < rule.subjects.size(); ++i) check_subject(report, rule.subjects[i], Place(subjects, i));
  if (rule.resource_rules.empty() && rule.non_resource_rules.empty()) {
    report.required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
  }
  Place resources(at, "resourceRules");
  for (size_t i = 0; i < rule.resource_rules.size(); ++i)
    check_resource_rule(report, rule.resource_rules[i], Place(resources, i));
  Place others(at, "nonResourceRules");
  for (size_t i = 0; i < rule.non_resource_rules.size(); ++i) {
    check_non_resource_rule(report, rule.non_resource_rules[i], Place(others, i));
  }
}

template <class Condition>
void check_condition_types(Report& report, const std::vector<Condition>& conditions) {
  Place status("status");
  Place at(status, "conditions");
  std::set<std::string_view> types;
  for (size_t i = 0; i < conditions.size(); ++i) {
    Place here(at, i);
    Place type(here, "type");
    if (!types.insert(conditions[i].type).second) report.duplicate(type, conditions[i].type);
    if (conditions[i].type.empty()) report.required(type, "must not be empty");
  }
}

}  // namespace

schema::FieldErrors validate_flow_schema(const flowcontrol::FlowSchema& next,
                                         const flowcontrol::FlowSchemaSpec* fixed) {
  Report report;
  Place at("spec");
  const auto& spec = next.spec;
  Place precedence(at, "matchingPrecedence");
  if (spec.matching_precedence <= 0) report.invalid(precedence, spec.matching_precedence, "must be a positive value");
  if (spec.matching_precedence > kPrecedenceMax) {
    report.invalid(precedence, spec.matching_precedence, "must not be greater than 10000");
  }
  if (spec.matching_precedence == 1 && next.metadata.name != kExempt) {
    report.invalid(precedence, spec.matching_precedence,
                   "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  if (spec.distinguisher_method && !is_one_of(spec.distinguisher_method->type, {"ByNamespace", "ByUser"})) {
    report.not_supported(Place(at, "distinguisherMethod"), go_value(*spec.distinguisher_method),
                         {"ByNamespace", "ByUser"});
  }
  Place level(at, "priorityLevelConfiguration");
  Place level_name(level, "name");
  if (spec.priority_level_configuration.name.empty()) {
    report.required(level_name, "must reference a priority level");
  } else {
    check_subdomain(report, spec.priority_level_configuration.name, level_name);
  }
  Place rules(at, "rules");
  for (size_t i = 0; i < spec.rules.size(); ++i) check_rule(report, spec.rules[i], Place(rules, i));
  if (fixed != nullptr && !(spec == *fixed)) {
    report.invalid(at, go_value(spec), base::cat({"spec of '", next.metadata.name, "' must equal the fixed value"}));
  }
  return report.take();
}

schema::FieldErrors validate_flow_schema_status(const flowcontrol::FlowSchema& next) {
  Report report;
  check_condition_types(report, next.status.conditions);
  return report.take();
}

schema::FieldErrors validate_priority_level_status(const flowcontrol::PriorityLevelConfiguration& next) {
  Report report;
  check_condition_types(report, next.status.conditions);
  return report.take();
}

}  // namespace apiserver
