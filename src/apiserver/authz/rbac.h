// Role based access control: what the roles bound to a user and its groups allow. It only ever allows; what no rule
// covers it has no opinion on. Kubernetes documentation, "Using RBAC Authorization".
//
// An index from subjects to bindings, kept up to date object by object: the cost of a decision grows with the user's
// own bindings, not with the cluster's. Safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/rbac_authorization_k8s_io_v1.h"
#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

using PolicyRule = api::rbac_authorization_k8s_io_v1::PolicyRule;

// Whether `rule` covers a request; the building block of RBAC, the node authorizer and rules reviews.
bool rule_allows(const PolicyRule& rule, const AuthorizationAttributes& attributes);

class RbacAuthorizer final : public Authorizer {
 public:
  std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const override;

  // Roles and bindings as they come and go; `namespace_` is "" for the cluster-wide kinds.
  void put_role(const std::string& namespace_, const std::string& name, std::vector<PolicyRule> rules);
  void remove_role(const std::string& namespace_, const std::string& name);
  void put_binding(const std::string& namespace_, const std::string& name,
                   const api::rbac_authorization_k8s_io_v1::RoleRef& role,
                   const std::vector<api::rbac_authorization_k8s_io_v1::Subject>& subjects);
  void remove_binding(const std::string& namespace_, const std::string& name);

  // Every rule that holds for `user` in `namespace_` (cluster-wide ones too): for reviews and the check that nobody
  // gives away more than he has.
  std::vector<PolicyRule> rules_for(const User& user, std::string_view namespace_) const;

 private:
  using Rules = std::shared_ptr<const std::vector<PolicyRule>>;
  struct Binding {
    std::string namespace_;  // "" for cluster-wide
    std::string name;
    std::string role;  // key of the role
    std::string role_kind;
    std::string role_name;
    struct Subject {
      std::string key;
      std::string shown;  // `ServiceAccount "robot/team"`
    };
    std::vector<Subject> subjects;
    std::string_view subject_of(const User& user) const;  // the first that is he
  };
  // Calls `visit` with each rule list that applies, until it returns true; true if it did.
  bool visit_rules(const User& user, std::string_view namespace_,
                   const std::function<bool(const Binding&, const std::vector<PolicyRule>&)>& visit) const;
  void drop_binding(const std::string& key);

  mutable std::shared_mutex mutex_;  // readers decide, the writer is the one that follows the store
  std::map<std::string, Rules, std::less<>> roles_;
  std::map<std::string, std::shared_ptr<const Binding>, std::less<>> bindings_;
  // subject -> namespace of the binding -> bindings
  std::map<std::string, std::map<std::string, std::vector<std::shared_ptr<const Binding>>, std::less<>>, std::less<>>
      by_subject_;
};

}  // namespace apiserver
