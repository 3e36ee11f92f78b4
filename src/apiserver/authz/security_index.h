// The authorizers that decide by what is stored (Node, RBAC), kept as the store says. One loop runs it; any thread may
// ask them.
#pragma once

#include <memory>
#include <vector>

#include "apiserver/authz/follower.h"
#include "apiserver/authz/node.h"
#include "apiserver/authz/rbac.h"

namespace apiserver {

class SecurityIndex {
 public:
  // `node_rules`: what every node may do (the bootstrap role system:node). Store and catalog outlive this.
  SecurityIndex(store::Store& store, const Catalog& catalog, std::vector<PolicyRule> node_rules);

  // Follows the store until cancelled.
  io::Task<void> run();
  io::Task<void> wait_synced();

  std::shared_ptr<const NodeAuthorizer> node() const { return node_; }
  std::shared_ptr<const RbacAuthorizer> rbac() const { return rbac_; }

 private:
  template <class Role>
  void follow_roles(store::Store& store, const Catalog& catalog);
  template <class Binding>
  void follow_bindings(store::Store& store, const Catalog& catalog);

  std::shared_ptr<RbacAuthorizer> rbac_;
  std::shared_ptr<NodeAuthorizer> node_;
  std::vector<std::unique_ptr<Follower>> followers_;
  io::Scope scope_;
};

}  // namespace apiserver
