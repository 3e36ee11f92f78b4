// Nobody gives away more than he has: roles and bindings may grant what their author holds himself, unless he is let
// escalate or bind. Kubernetes documentation, "Privilege escalation prevention and bootstrapping".

#include <algorithm>
#include <map>

#include "api/rbac_authorization_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/authz/rbac.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace rbac = api::rbac_authorization_k8s_io_v1;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// One verb on one resource of one group, under one name ("" for all); or one verb on one path.
struct Right {
  std::string verb, group, resource, name, path;
  auto operator<=>(const Right&) const = default;
};

std::vector<Right> rights_of(const rbac::PolicyRule& rule) {
  std::vector<Right> rights;
  auto names = rule.resource_names.empty() ? std::vector<std::string>{""} : rule.resource_names;
  for (const auto& verb : rule.verbs) {
    for (const auto& group : rule.api_groups) {
      for (const auto& resource : rule.resources) {
        for (const auto& name : names) rights.push_back({verb, group, resource, name, ""});
      }
    }
    for (const auto& path : rule.non_resource_urls) rights.push_back({verb, "", "", "", path});
  }
  return rights;
}

bool covers_resource(const std::vector<std::string>& resources, const std::string& wanted) {
  if (has(resources, "*") || has(resources, wanted)) return true;
  auto slash = wanted.find('/');
  return slash != std::string::npos && has(resources, "*" + wanted.substr(slash));
}

bool covers(const rbac::PolicyRule& rule, const Right& right) {
  if (!has(rule.verbs, "*") && !has(rule.verbs, right.verb)) return false;
  if (!right.path.empty()) {
    for (const auto& path : rule.non_resource_urls) {
      if (path == "*" || path == right.path) return true;
      if (path.ends_with('*') && right.path.starts_with(path.substr(0, path.size() - 1))) return true;
    }
    return false;
  }
  if (!has(rule.api_groups, "*") && !has(rule.api_groups, right.group)) return false;
  if (!covers_resource(rule.resources, right.resource)) return false;
  return rule.resource_names.empty() || (!right.name.empty() && has(rule.resource_names, right.name));
}

std::string quoted_list(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : std::string(separator)) + base::quote(text);
  return out;
}

// The missing rights, those that differ in their verb alone told together, in order.
std::string tell(const std::vector<Right>& missing) {
  std::map<Right, std::vector<std::string>> verbs;
  for (auto right : missing) {
    auto verb = std::exchange(right.verb, "");
    auto& list = verbs[right];
    if (!has(list, verb)) list.push_back(verb);
  }
  std::vector<std::string> lines;
  for (const auto& [right, list] : verbs) {
    std::string line = "{";
    if (!right.path.empty()) {
      line += base::cat({"NonResourceURLs:[", base::quote(right.path), "]"});
    } else {
      line += base::cat({"APIGroups:[", base::quote(right.group), "], Resources:[", base::quote(right.resource), "]"});
      if (!right.name.empty()) line += base::cat({", ResourceNames:[", base::quote(right.name), "]"});
    }
    lines.push_back(line + ", Verbs:[" + quoted_list(list, " ") + "]}");
  }
  std::sort(lines.begin(), lines.end());
  return base::join(lines, "\n");
}

class RbacEscalation final : public AdmissionPlugin {
 public:
  RbacEscalation(const Authorizer& authorizer, const RbacAuthorizer& rules) : authorizer_(authorizer), rules_(rules) {}
  std::string_view name() const override { return "RBACEscalation"; }

  bool handles(const Attempt& attempt) const override {
    return attempt.served.row().group == kGroup && attempt.object != nullptr &&
           !has(attempt.user.groups, kMastersGroup);
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto* role = attempt.object->get_if<rbac::Role>();
    const auto* cluster_role = attempt.object->get_if<rbac::ClusterRole>();
    if (role != nullptr || cluster_role != nullptr) {
      if (attempt.current != nullptr && is_unchanged(attempt)) co_return {};
      bool escalates = co_await may(attempt, "escalate", attempt.served.row().plural, std::string(attempt.namespace_),
                                    std::string(attempt.name));
      if (escalates) co_return {};
      if (cluster_role != nullptr && cluster_role->aggregation_rule && !holds_everything(attempt)) {
        co_return attempt.refuse("must have cluster-admin privileges to use the aggregationRule");
      }
      co_return check(attempt, role != nullptr ? role->rules : cluster_role->rules);
    }
    rbac::RoleRef reference;
    if (const auto* binding = attempt.object->get_if<rbac::RoleBinding>()) reference = binding->role_ref;
    if (const auto* binding = attempt.object->get_if<rbac::ClusterRoleBinding>()) reference = binding->role_ref;
    if (attempt.current != nullptr && is_unchanged(attempt)) co_return {};
    bool cluster = reference.kind == "ClusterRole";
    std::string namespace_(attempt.namespace_);
    if (co_await may(attempt, "bind", cluster ? "clusterroles" : "roles", namespace_, reference.name)) co_return {};
    std::vector<rbac::PolicyRule> granted;
    if (cluster) {
      auto found = co_await attempt.reader.get<rbac::ClusterRole>("", reference.name);
      if (!found) co_return base::fail(about_binding(attempt, found.error(), reference.name));
      granted = std::move(found->rules);
    } else {
      auto found = co_await attempt.reader.get<rbac::Role>(namespace_, reference.name);
      if (!found) co_return base::fail(about_binding(attempt, found.error(), reference.name));
      granted = std::move(found->rules);
    }
    co_return check(attempt, granted);
  }

 private:
  // A role that is not there is told as upstream tells it: of the binding's resource.
  static base::Error about_binding(const Attempt& attempt, const base::Error& error, std::string_view role) {
    return error.code() == base::Code::NotFound ? not_found(kGroup, attempt.served.row().plural, role) : error;
  }

  // Changes of metadata alone grant nothing.
  static bool is_unchanged(const Attempt& attempt) {
    schema::Object before = *attempt.current;
    before.meta() = attempt.object->meta();
    return before == *attempt.object;
  }

  io::Task<bool> may(const Attempt& attempt, const char* verb, std::string_view resource, std::string namespace_,
                     std::string name) const {
    AuthorizationAttributes attributes;
    attributes.user = attempt.user;
    attributes.verb = verb;
    attributes.api_group = kGroup;
    attributes.api_version = "*";
    attributes.resource = resource;
    attributes.namespace_ = std::move(namespace_);
    attributes.name = std::move(name);
    attributes.resource_request = true;
    co_return (co_await authorizer_.authorize(std::move(attributes))).allowed();
  }

  bool holds_everything(const Attempt& attempt) const {
    rbac::PolicyRule all;
    all.verbs = all.api_groups = all.resources = {"*"};
    rbac::PolicyRule paths;
    paths.verbs = paths.non_resource_urls = {"*"};
    return missing(attempt, {all, paths}).empty();
  }

  std::vector<Right> missing(const Attempt& attempt, const std::vector<rbac::PolicyRule>& granted) const {
    auto own = rules_.rules_for(attempt.user, attempt.namespace_);
    std::vector<Right> open;
    for (const auto& rule : granted) {
      for (auto& right : rights_of(rule)) {
        bool held = std::any_of(own.begin(), own.end(), [&](const auto& one) { return covers(one, right); });
        if (!held) open.push_back(std::move(right));
      }
    }
    return open;
  }

  base::Result<void> check(const Attempt& attempt, const std::vector<rbac::PolicyRule>& granted) const {
    auto open = missing(attempt, granted);
    if (open.empty()) return {};
    return attempt.refuse(
        base::cat({"user ", base::quote(attempt.user.name), " (groups=[", quoted_list(attempt.user.groups, " "),
                   "]) is attempting to grant RBAC permissions not currently held:\n", tell(open)}));
  }

  const Authorizer& authorizer_;
  const RbacAuthorizer& rules_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_rbac_escalation(const Authorizer& authorizer, const RbacAuthorizer& rules) {
  return std::make_unique<RbacEscalation>(authorizer, rules);
}

}  // namespace apiserver
