#include "apiserver/flowcontrol/classify.h"

#include <algorithm>
#include <functional>

#include "base/strings.h"

namespace apiserver {
namespace {

namespace flow = api::flowcontrol_apiserver_k8s_io_v1;

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one == "*" || one == text; });
}

bool is_subject(const flow::Subject& subject, const User& user) {
  if (subject.kind == "User") return subject.user && (subject.user->name == "*" || subject.user->name == user.name);
  if (subject.kind == "Group") {
    return subject.group && (subject.group->name == "*" || std::find(user.groups.begin(), user.groups.end(),
                                                                     subject.group->name) != user.groups.end());
  }
  if (subject.kind != "ServiceAccount" || !subject.service_account) return false;
  const auto& account = *subject.service_account;
  std::string prefix = base::cat({"system:serviceaccount:", account.namespace_, ":"});
  return account.name == "*" ? user.name.starts_with(prefix) : user.name == prefix + account.name;
}

bool covers_resource(const flow::ResourcePolicyRule& rule, const AuthorizationAttributes& asked) {
  if (!has(rule.verbs, asked.verb) || !has(rule.api_groups, asked.api_group)) return false;
  std::string whole = asked.subresource.empty() ? asked.resource : base::cat({asked.resource, "/", asked.subresource});
  if (!has(rule.resources, whole)) return false;
  return asked.namespace_.empty() ? rule.cluster_scope : has(rule.namespaces, asked.namespace_);
}

bool covers_path(const flow::NonResourcePolicyRule& rule, const AuthorizationAttributes& asked) {
  if (!has(rule.verbs, asked.verb)) return false;
  return std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(), [&](std::string_view url) {
    return url == "*" || url == asked.path ||
           (url.ends_with("/*") && asked.path.starts_with(url.substr(0, url.size() - 1)));
  });
}

}  // namespace

bool flow_schema_covers(const flow::FlowSchema& schema, const AuthorizationAttributes& asked) {
  for (const auto& rule : schema.spec.rules) {
    if (std::none_of(rule.subjects.begin(), rule.subjects.end(),
                     [&](const auto& one) { return is_subject(one, asked.user); }))
      continue;
    bool covered = asked.resource_request ? std::any_of(rule.resource_rules.begin(), rule.resource_rules.end(),
                                                        [&](const auto& one) { return covers_resource(one, asked); })
                                          : std::any_of(rule.non_resource_rules.begin(), rule.non_resource_rules.end(),
                                                        [&](const auto& one) { return covers_path(one, asked); });
    if (covered) return true;
  }
  return false;
}

std::string distinguisher_of(const flow::FlowSchema& schema, const AuthorizationAttributes& asked) {
  if (!schema.spec.distinguisher_method) return "";
  return schema.spec.distinguisher_method->type == "ByUser" ? asked.user.name : asked.namespace_;
}

uint64_t flow_of(const flow::FlowSchema& schema, const AuthorizationAttributes& asked) {
  std::string text = schema.metadata.name;
  text += '\0';
  text += distinguisher_of(schema, asked);
  return std::hash<std::string>()(text) * 0x9e3779b97f4a7c15ull;
}

}  // namespace apiserver
