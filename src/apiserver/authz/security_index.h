// The authorizers that upstream runs by default (Node, RBAC), kept as the store says. One loop runs it; any thread may
// ask the authorizer.
#pragma once

#include <memory>
#include <vector>

#include "apiserver/authz/follower.h"
#include "apiserver/authz/node.h"
#include "apiserver/authz/rbac.h"
#include "apiserver/authz/union.h"

namespace apiserver {

class SecurityIndex {
 public:
  // `node_rules`: what every node may do (the bootstrap role system:node). Store and catalog outlive this.
  SecurityIndex(store::Store& store, const Catalog& catalog, std::vector<PolicyRule> node_rules);

  // Follows the store until cancelled.
  io::Task<void> run();
  io::Task<void> wait_synced();

  std::shared_ptr<const Authorizer> authorizer() const { return authorizer_; }
  std::shared_ptr<const RbacAuthorizer> rbac() const { return rbac_; }

 private:
  template <class Role>
  void follow_roles(store::Store& store, const Catalog& catalog);
  template <class Binding>
  void follow_bindings(store::Store& store, const Catalog& catalog);

  std::shared_ptr<RbacAuthorizer> rbac_;
  std::shared_ptr<NodeAuthorizer> node_;
  std::shared_ptr<const UnionAuthorizer> authorizer_;
  std::vector<std::unique_ptr<Follower>> followers_;
  io::Scope scope_;
};

}  // namespace apiserver
