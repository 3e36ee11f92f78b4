#include "main/node_joining.h"

#include "api/core_v1.h"
#include "api/rbac_authorization_k8s_io_v1.h"
#include "base/strings.h"
#include "client/status.h"

namespace navarch {
namespace {

namespace core = api::core_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;

constexpr const char* kRbac = "rbac.authorization.k8s.io";
constexpr const char* kPublic = "kube-public";
constexpr const char* kInfo = "cluster-info";
constexpr const char* kText = "kubeconfig";

// Members of the group have the cluster role.
rbac::ClusterRoleBinding binding(std::string name, std::string role, std::string group) {
  rbac::ClusterRoleBinding made;
  made.metadata.name = std::move(name);
  made.role_ref.api_group = kRbac;
  made.role_ref.kind = "ClusterRole";
  made.role_ref.name = std::move(role);
  auto& subject = made.subjects.emplace_back();
  subject.api_group = kRbac;
  subject.kind = "Group";
  subject.name = std::move(group);
  return made;
}

}  // namespace

std::vector<schema::Object> node_joining_rights() {
  constexpr const char* kJoining = "system:bootstrappers:kubeadm:default-node-token";
  constexpr const char* kReader = "kubeadm:bootstrap-signer-clusterinfo";
  const std::string requests = "system:certificates.k8s.io:certificatesigningrequests:";
  std::vector<schema::Object> rights;
  rights.emplace_back(binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", kJoining));
  rights.emplace_back(binding("kubeadm:node-autoapprove-bootstrap", requests + "nodeclient", kJoining));
  rights.emplace_back(
      binding("kubeadm:node-autoapprove-certificate-rotation", requests + "selfnodeclient", "system:nodes"));

  rbac::Role role;
  role.metadata.namespace_ = kPublic;
  role.metadata.name = kReader;
  auto& rule = role.rules.emplace_back();
  rule.api_groups = {""};
  rule.resources = {"configmaps"};
  rule.resource_names = {kInfo};
  rule.verbs = {"get"};
  rights.emplace_back(std::move(role));
  rbac::RoleBinding everybody;
  everybody.metadata.namespace_ = kPublic;
  everybody.metadata.name = kReader;
  everybody.role_ref.api_group = kRbac;
  everybody.role_ref.kind = "Role";
  everybody.role_ref.name = kReader;
  auto& subject = everybody.subjects.emplace_back();
  subject.api_group = kRbac;
  subject.kind = "User";
  subject.name = "system:anonymous";
  rights.emplace_back(std::move(everybody));
  return rights;
}

io::Task<base::Result<void>> publish_cluster_info(client::Client admin, std::string server_url, std::string authority) {
  // As kubeadm writes it: the cluster alone, without names and users.
  auto text = base::cat(
      {"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ", base::base64_encode(authority),
       "\n    server: ", server_url,
       "\n  name: \"\"\ncontexts: null\ncurrent-context: \"\"\nkind: Config\npreferences: {}\nusers: null\n"});
  auto current = co_await admin.get<core::ConfigMap>(kPublic, kInfo);
  if (!current && !client::is(current, base::Code::NotFound)) co_return base::fail(current.error());
  core::ConfigMap wanted;
  if (current) {
    wanted = *current;
    if (wanted.data[kText] == text) co_return {};
  }
  wanted.metadata.namespace_ = kPublic;
  wanted.metadata.name = kInfo;
  wanted.data[kText] = std::move(text);
  auto stored = current ? co_await admin.update(std::move(wanted)) : co_await admin.create(std::move(wanted));
  if (!stored) co_return base::fail(stored.error());
  co_return {};
}

}  // namespace navarch
