#include "apiserver/registry/validation/rbac.h"

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {
namespace {

namespace rbac = api::rbac_authorization_k8s_io_v1;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

enum class Scope : uint8_t { Namespace, Cluster };

void check_rule(Report& report, const rbac::PolicyRule& rule, Scope scope, const Place& at) {
  if (rule.verbs.empty()) report.required(Place(at, "verbs"), "verbs must contain at least one value");
  if (!rule.non_resource_urls.empty()) {
    Place urls(at, "nonResourceURLs");
    auto shown = bad_value(rule.non_resource_urls);
    if (scope == Scope::Namespace) report.invalid(urls, shown, "namespaced rules cannot apply to non-resource URLs");
    if (!rule.api_groups.empty() || !rule.resources.empty() || !rule.resource_names.empty()) {
      report.invalid(urls, shown, "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (rule.api_groups.empty())
    report.required(Place(at, "apiGroups"), "resource rules must supply at least one api group");
  if (rule.resources.empty())
    report.required(Place(at, "resources"), "resource rules must supply at least one resource");
}

void check_rules(Report& report, const std::vector<rbac::PolicyRule>& rules, Scope scope) {
  Place at("rules");
  for (size_t i = 0; i < rules.size(); ++i) check_rule(report, rules[i], scope, Place(at, i));
}

void check_subject(Report& report, const rbac::Subject& subject, Scope scope, const Place& at) {
  Place name(at, "name");
  Place group(at, "apiGroup");
  if (subject.name.empty()) report.required(name);
  if (subject.kind == "ServiceAccount") {
    if (!subject.name.empty()) check_subdomain(report, subject.name, name);
    if (!subject.api_group.empty()) report.not_supported(group, subject.api_group, {""});
    if (scope == Scope::Cluster && subject.namespace_.empty()) report.required(Place(at, "namespace"));
  } else if (subject.kind == "User" || subject.kind == "Group") {
    report.one_of(group, subject.api_group, {kGroup});
  } else {
    report.not_supported(Place(at, "kind"), subject.kind, {"ServiceAccount", "User", "Group"});
  }
}

template <class Binding>
schema::FieldErrors validate_binding(const Binding& next, const Binding* current, Scope scope) {
  Report report;
  Place role("roleRef");
  report.one_of(Place(role, "apiGroup"), next.role_ref.api_group, {kGroup});
  Place kind(role, "kind");
  if (scope == Scope::Namespace) {
    report.one_of(kind, next.role_ref.kind, {"Role", "ClusterRole"});
  } else {
    report.one_of(kind, next.role_ref.kind, {"ClusterRole"});
  }
  check_path_segment(report, next.role_ref.name, Place(role, "name"));
  Place subjects("subjects");
  for (size_t i = 0; i < next.subjects.size(); ++i) check_subject(report, next.subjects[i], scope, Place(subjects, i));
  if (current != nullptr && next.role_ref != current->role_ref) {
    report.invalid(role, go_value(next.role_ref), "cannot change roleRef");
  }
  return report.take();
}

}  // namespace

schema::FieldErrors validate_role(const rbac::Role& next) {
  Report report;
  check_rules(report, next.rules, Scope::Namespace);
  return report.take();
}

schema::FieldErrors validate_cluster_role(const rbac::ClusterRole& next, const rbac::ClusterRole* current) {
  Report report;
  check_rules(report, next.rules, Scope::Cluster);
  if (!next.aggregation_rule) return report.take();
  Place rule("aggregationRule");
  Place at(rule, "clusterRoleSelectors");
  const auto& selectors = next.aggregation_rule->cluster_role_selectors;
  if (selectors.empty()) {
    report.required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    return report.take();
  }
  bool kept =
      current != nullptr && current->aggregation_rule && current->aggregation_rule->cluster_role_selectors == selectors;
  for (size_t i = 0; i < selectors.size(); ++i) {
    check_label_selector(report, selectors[i], Place(at, i),
                         kept ? SelectorValues::Unchecked : SelectorValues::Checked);
  }
  return report.take();
}

schema::FieldErrors validate_role_binding(const rbac::RoleBinding& next, const rbac::RoleBinding* current) {
  return validate_binding(next, current, Scope::Namespace);
}

schema::FieldErrors validate_cluster_role_binding(const rbac::ClusterRoleBinding& next,
                                                  const rbac::ClusterRoleBinding* current) {
  return validate_binding(next, current, Scope::Cluster);
}

}  // namespace apiserver
