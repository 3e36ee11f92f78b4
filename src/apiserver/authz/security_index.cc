#include "apiserver/authz/security_index.h"

namespace apiserver {

namespace core = api::core_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;

template <class Role>
void SecurityIndex::follow_roles(store::Store& store, const Catalog& catalog) {
  followers_.push_back(std::make_unique<Follower>(
      store, catalog.of<Role>(),
      [this](const schema::Object& object) {
        const auto& role = object.as<Role>();
        rbac_->put_role(role.metadata.namespace_, role.metadata.name, role.rules);
      },
      [this](const std::string& namespace_, const std::string& name) { rbac_->remove_role(namespace_, name); }));
}

template <class Binding>
void SecurityIndex::follow_bindings(store::Store& store, const Catalog& catalog) {
  followers_.push_back(std::make_unique<Follower>(
      store, catalog.of<Binding>(),
      [this](const schema::Object& object) {
        const auto& binding = object.as<Binding>();
        rbac_->put_binding(binding.metadata.namespace_, binding.metadata.name, binding.role_ref, binding.subjects);
      },
      [this](const std::string& namespace_, const std::string& name) { rbac_->remove_binding(namespace_, name); }));
}

SecurityIndex::SecurityIndex(store::Store& store, const Catalog& catalog, std::vector<PolicyRule> node_rules)
    : rbac_(std::make_shared<RbacAuthorizer>()), node_(std::make_shared<NodeAuthorizer>(std::move(node_rules))) {
  follow_roles<rbac::ClusterRole>(store, catalog);
  follow_roles<rbac::Role>(store, catalog);
  follow_bindings<rbac::ClusterRoleBinding>(store, catalog);
  follow_bindings<rbac::RoleBinding>(store, catalog);
  followers_.push_back(std::make_unique<Follower>(
      store, catalog.of<core::Pod>(), [this](const schema::Object& object) { node_->put_pod(object.as<core::Pod>()); },
      [this](const std::string& namespace_, const std::string& name) { node_->remove_pod(namespace_, name); },
      [](const store::Entry& entry) { return !entry.attributes.field("spec.nodeName").empty(); }));
  followers_.push_back(std::make_unique<Follower>(
      store, catalog.of<core::PersistentVolume>(),
      [this](const schema::Object& object) { node_->put_volume(object.as<core::PersistentVolume>()); },
      [this](const std::string&, const std::string& name) { node_->remove_volume(name); }));
}

io::Task<void> SecurityIndex::run() {
  for (auto& follower : followers_) scope_.spawn(follower->run());
  io::Event never;
  co_await never.wait();
}

io::Task<void> SecurityIndex::wait_synced() {
  for (auto& follower : followers_) co_await follower->wait_synced();
}

}  // namespace apiserver
