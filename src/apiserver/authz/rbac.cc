#include "apiserver/authz/rbac.h"

#include <algorithm>
#include <mutex>

#include "base/strings.h"

namespace apiserver {
namespace {

namespace rbac = api::rbac_authorization_k8s_io_v1;

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool contains_or_all(const std::vector<std::string>& list, std::string_view value) {
  return contains(list, value) || contains(list, "*");
}

// "pods" covers pods, "pods/log" its log, "*/scale" the scale of everything, "*" all of it.
bool resource_matches(const std::vector<std::string>& resources, const AuthorizationAttributes& attributes) {
  for (const auto& resource : resources) {
    if (resource == "*") return true;
    if (attributes.subresource.empty()) {
      if (resource == attributes.resource) return true;
      continue;
    }
    auto slash = resource.find('/');
    if (slash == std::string::npos || resource.substr(slash + 1) != attributes.subresource) continue;
    auto owner = std::string_view(resource).substr(0, slash);
    if (owner == "*" || owner == attributes.resource) return true;
  }
  return false;
}

bool path_matches(const std::vector<std::string>& urls, std::string_view path) {
  return std::any_of(urls.begin(), urls.end(), [&](std::string_view url) {
    if (url == "*" || url == path) return true;
    return url.ends_with('*') && path.starts_with(url.substr(0, url.size() - 1));
  });
}

std::string key_of(std::string_view namespace_, std::string_view name) {
  return base::cat({namespace_, "/", name});
}

// Users and groups have spaces of their own; a service account is a user.
std::string subject_key(const rbac::Subject& subject) {
  if (subject.kind == "Group") return "g:" + subject.name;
  if (subject.kind == "ServiceAccount") {
    return base::cat({"u:system:serviceaccount:", subject.namespace_, ":", subject.name});
  }
  return "u:" + subject.name;
}

}  // namespace

bool rule_allows(const PolicyRule& rule, const AuthorizationAttributes& attributes) {
  if (!contains_or_all(rule.verbs, attributes.verb)) return false;
  if (!attributes.resource_request) return path_matches(rule.non_resource_urls, attributes.path);
  return contains_or_all(rule.api_groups, attributes.api_group) && resource_matches(rule.resources, attributes) &&
         (rule.resource_names.empty() || contains(rule.resource_names, attributes.name));
}

std::string_view RbacAuthorizer::Binding::subject_of(const User& user) const {
  for (const auto& subject : subjects) {
    std::string_view name = std::string_view(subject.key).substr(2);
    if (subject.key[0] == 'u' ? name == user.name : contains(user.groups, name)) return subject.shown;
  }
  return {};
}

std::optional<Authorization> RbacAuthorizer::decide(const AuthorizationAttributes& attributes) const {
  std::shared_lock lock(mutex_);
  std::string_view namespace_ = attributes.resource_request ? std::string_view(attributes.namespace_) : "";
  const Binding* by = nullptr;
  bool allowed =
      visit_rules(attributes.user, namespace_, [&](const Binding& binding, const std::vector<PolicyRule>& rules) {
        by = &binding;
        return std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule_allows(rule, attributes); });
      });
  if (!allowed) return Authorization{};
  std::string name = by->namespace_.empty() ? by->name : base::cat({by->name, "/", by->namespace_});
  return Authorization{Decision::Allow,
                       base::cat({"RBAC: allowed by ", by->namespace_.empty() ? "ClusterRoleBinding " : "RoleBinding ",
                                  base::quote(name), " of ", by->role_kind, " ", base::quote(by->role_name), " to ",
                                  by->subject_of(attributes.user)}),
                       {}};
}

bool RbacAuthorizer::visit_rules(
    const User& user, std::string_view namespace_,
    const std::function<bool(const Binding&, const std::vector<PolicyRule>&)>& visit) const {
  auto visit_subject = [&](const std::string& subject) {
    auto found = by_subject_.find(subject);
    if (found == by_subject_.end()) return false;
    auto visit_namespace = [&](std::string_view of) {
      auto bindings = found->second.find(of);
      if (bindings == found->second.end()) return false;
      for (const auto& binding : bindings->second) {
        auto role = roles_.find(binding->role);
        if (role != roles_.end() && visit(*binding, *role->second)) return true;
      }
      return false;
    };
    return visit_namespace("") || (!namespace_.empty() && visit_namespace(namespace_));
  };
  if (visit_subject("u:" + user.name)) return true;
  return std::any_of(user.groups.begin(), user.groups.end(),
                     [&](const auto& group) { return visit_subject("g:" + group); });
}

void RbacAuthorizer::put_role(const std::string& namespace_, const std::string& name, std::vector<PolicyRule> rules) {
  auto fresh = std::make_shared<const std::vector<PolicyRule>>(std::move(rules));
  std::unique_lock lock(mutex_);
  roles_[key_of(namespace_, name)] = std::move(fresh);
}

void RbacAuthorizer::remove_role(const std::string& namespace_, const std::string& name) {
  std::unique_lock lock(mutex_);
  roles_.erase(key_of(namespace_, name));
}

void RbacAuthorizer::put_binding(const std::string& namespace_, const std::string& name, const rbac::RoleRef& role,
                                 const std::vector<rbac::Subject>& subjects) {
  auto binding = std::make_shared<Binding>();
  binding->namespace_ = namespace_;
  binding->name = name;
  binding->role = key_of(role.kind == "Role" ? std::string_view(namespace_) : "", role.name);
  binding->role_kind = role.kind;
  binding->role_name = role.name;
  for (const auto& subject : subjects) {
    bool account = subject.kind == "ServiceAccount";
    auto shown = base::quote(account ? base::cat({subject.name, "/", subject.namespace_}) : subject.name);
    binding->subjects.push_back({subject_key(subject), base::cat({subject.kind, " ", shown})});
  }
  auto key = key_of(namespace_, name);
  std::unique_lock lock(mutex_);
  drop_binding(key);
  for (const auto& subject : binding->subjects) by_subject_[subject.key][namespace_].push_back(binding);
  bindings_[key] = std::move(binding);
}

void RbacAuthorizer::remove_binding(const std::string& namespace_, const std::string& name) {
  std::unique_lock lock(mutex_);
  drop_binding(key_of(namespace_, name));
}

void RbacAuthorizer::drop_binding(const std::string& key) {
  auto found = bindings_.find(key);
  if (found == bindings_.end()) return;
  for (const auto& subject : found->second->subjects) {
    auto spaces = by_subject_.find(subject.key);
    if (spaces == by_subject_.end()) continue;  // the same subject twice in one binding
    auto space = spaces->second.find(found->second->namespace_);
    if (space != spaces->second.end()) {
      std::erase(space->second, found->second);
      if (space->second.empty()) spaces->second.erase(space);
    }
    if (spaces->second.empty()) by_subject_.erase(spaces);
  }
  bindings_.erase(found);
}

std::vector<PolicyRule> RbacAuthorizer::rules_for(const User& user, std::string_view namespace_) const {
  std::vector<PolicyRule> all;
  std::shared_lock lock(mutex_);
  visit_rules(user, namespace_, [&](const Binding&, const std::vector<PolicyRule>& rules) {
    all.insert(all.end(), rules.begin(), rules.end());
    return false;
  });
  return all;
}

}  // namespace apiserver
