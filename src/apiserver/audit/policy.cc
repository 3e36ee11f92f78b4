#include "apiserver/audit/policy.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "schema/json.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

namespace audit = api::audit_k8s_io_v1;

constexpr std::string_view kLevels[] = {"None", "Metadata", "Request", "RequestResponse"};

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::optional<AuditLevel> parse_level(std::string_view name) {
  for (size_t i = 0; i < std::size(kLevels); ++i) {
    if (kLevels[i] == name) return static_cast<AuditLevel>(i);
  }
  return std::nullopt;
}

// "*", "pods", "pods/status", "pods/*", "*/status"; a bare name means the resource without its subresources.
bool covers_resource(const audit::GroupResources& group, const AuthorizationAttributes& asked) {
  if (group.group != asked.api_group) return false;
  if (group.resources.empty()) return true;
  std::string whole = asked.subresource.empty() ? asked.resource : base::cat({asked.resource, "/", asked.subresource});
  for (std::string_view pattern : group.resources) {
    if (!group.resource_names.empty() && !has(group.resource_names, asked.name)) continue;
    if (pattern == "*" || pattern == whole) return true;
    if (asked.subresource.empty()) continue;
    if (pattern.starts_with("*/") && pattern.substr(2) == asked.subresource) return true;
    if (pattern.ends_with("/*") && pattern.substr(0, pattern.size() - 2) == asked.resource) return true;
  }
  return false;
}

bool covers_path(std::string_view pattern, std::string_view path) {
  if (pattern == "*" || pattern == path) return true;
  return pattern.ends_with('*') && path.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool covers(const audit::PolicyRule& rule, const AuthorizationAttributes& asked) {
  if (!rule.users.empty() && !has(rule.users, asked.user.name)) return false;
  const auto& groups = asked.user.groups;
  if (!rule.user_groups.empty() &&
      std::none_of(groups.begin(), groups.end(), [&](const auto& one) { return has(rule.user_groups, one); })) {
    return false;
  }
  if (!rule.verbs.empty() && !has(rule.verbs, asked.verb)) return false;
  if (!rule.namespaces.empty() || !rule.resources.empty()) {
    if (!asked.resource_request) return false;
    if (!rule.namespaces.empty() && !has(rule.namespaces, asked.namespace_)) return false;
    return rule.resources.empty() || std::any_of(rule.resources.begin(), rule.resources.end(),
                                                 [&](const auto& one) { return covers_resource(one, asked); });
  }
  if (rule.non_resource_urls.empty()) return true;
  return !asked.resource_request && std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(),
                                                [&](const auto& one) { return covers_path(one, asked.path); });
}

}  // namespace

std::string_view level_name(AuditLevel level) {
  return kLevels[static_cast<size_t>(level)];
}

bool AuditDecision::omits(std::string_view stage) const {
  return has(omitted_stages, stage);
}

base::Result<AuditPolicy> AuditPolicy::from_yaml(std::string_view text) {
  AuditPolicy made;
  TRY(auto json, schema::yaml_to_json(text));
  TRY(auto meta, schema::read_type_meta(json));
  if (meta.kind != "Policy" || meta.api_version != "audit.k8s.io/v1") {
    return base::fail(base::Code::BadRequest, "audit policy: kind Policy of audit.k8s.io/v1 expected");
  }
  TRY(made.policy_, schema::from_json<audit::Policy>(json));
  if (made.policy_.rules.empty()) return base::fail(base::Code::BadRequest, "loaded illegal policy with 0 rules");
  for (const auto& rule : made.policy_.rules) {
    if (!parse_level(rule.level))
      return base::fail(base::Code::BadRequest, base::cat({"audit policy: no such level: ", base::quote(rule.level)}));
  }
  return made;
}

AuditDecision AuditPolicy::decide(const AuthorizationAttributes& attributes) const {
  AuditDecision decision;
  for (const auto& rule : policy_.rules) {
    if (!covers(rule, attributes)) continue;
    decision.level = *parse_level(rule.level);
    decision.omitted_stages = policy_.omit_stages;
    decision.omitted_stages.insert(decision.omitted_stages.end(), rule.omit_stages.begin(), rule.omit_stages.end());
    decision.omits_managed_fields = rule.omit_managed_fields.value_or(policy_.omit_managed_fields);
    break;
  }
  return decision;
}

}  // namespace apiserver
