#include "apiserver/authz/node.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

namespace core = api::core_v1;

PolicyRule rule(std::vector<std::string> verbs, std::string group, std::vector<std::string> resources) {
  PolicyRule made;
  made.verbs = std::move(verbs);
  made.api_groups = {std::move(group)};
  made.resources = std::move(resources);
  return made;
}

core::Pod pod_on(std::string node, std::string name) {
  core::Pod pod;
  pod.metadata.namespace_ = "default";
  pod.metadata.name = std::move(name);
  pod.spec.node_name = std::move(node);
  return pod;
}

// The node n1 asks.
struct Node : testing::Test {
  NodeAuthorizer authorizer{{rule({"get", "list", "watch"}, "", {"secrets", "configmaps", "pods", "nodes"}),
                             rule({"get"}, "", {"persistentvolumeclaims", "persistentvolumes"}),
                             rule({"create"}, "", {"serviceaccounts/token"}),
                             rule({"get", "update"}, "coordination.k8s.io", {"leases"})}};
  AuthorizationAttributes asked;
  Node() {
    asked.resource_request = true;
    asked.user = {"system:node:n1", "", {"system:nodes", "system:authenticated"}, {}};
  }
  bool may(std::string verb, std::string resource, std::string name, std::string subresource = "") {
    asked.verb = std::move(verb);
    asked.resource = std::move(resource);
    asked.subresource = std::move(subresource);
    asked.namespace_ = "default";
    asked.name = std::move(name);
    return authorizer.decide(asked)->decision == Decision::Allow;
  }
};

TEST_F(Node, ReadsTheSecretsThatItsPodsReferTo) {
  auto pod = pod_on("n1", "web");
  pod.spec.volumes.emplace_back();
  pod.spec.volumes[0].secret.emplace();
  pod.spec.volumes[0].secret->secret_name = "mounted";
  pod.spec.containers.emplace_back();
  pod.spec.containers[0].env.emplace_back();
  pod.spec.containers[0].env[0].value_from.emplace();
  pod.spec.containers[0].env[0].value_from->secret_key_ref.emplace();
  pod.spec.containers[0].env[0].value_from->secret_key_ref->name = "variable";
  authorizer.put_pod(pod);
  EXPECT_TRUE(may("get", "secrets", "mounted"));
  EXPECT_TRUE(may("get", "secrets", "variable"));
  EXPECT_FALSE(may("get", "secrets", "other"));
  EXPECT_FALSE(may("list", "secrets", ""));
  EXPECT_FALSE(may("delete", "secrets", "mounted"));
}

TEST_F(Node, DoesNotReadWhatAnotherNodesPodsReferTo) {
  auto pod = pod_on("n2", "web");
  pod.spec.image_pull_secrets.emplace_back();
  pod.spec.image_pull_secrets[0].name = "registry";
  authorizer.put_pod(pod);
  EXPECT_FALSE(may("get", "secrets", "registry"));
  pod.spec.node_name = "n1";
  authorizer.put_pod(pod);
  EXPECT_TRUE(may("get", "secrets", "registry"));
  authorizer.remove_pod("default", "web");
  EXPECT_FALSE(may("get", "secrets", "registry"));
}

TEST_F(Node, TwoPodsHoldWhatOneLetsGo) {
  for (const char* name : {"a", "b"}) {
    auto pod = pod_on("n1", name);
    pod.spec.image_pull_secrets.emplace_back();
    pod.spec.image_pull_secrets[0].name = "shared";
    authorizer.put_pod(pod);
  }
  authorizer.remove_pod("default", "a");
  EXPECT_TRUE(may("get", "secrets", "shared"));
}

TEST_F(Node, ReachesAVolumeThroughItsPodsClaim) {
  auto pod = pod_on("n1", "db");
  pod.spec.volumes.emplace_back();
  pod.spec.volumes[0].persistent_volume_claim.emplace();
  pod.spec.volumes[0].persistent_volume_claim->claim_name = "data";
  authorizer.put_pod(pod);
  core::PersistentVolume volume;
  volume.metadata.name = "pv-1";
  volume.spec.claim_ref.emplace();
  volume.spec.claim_ref->namespace_ = "default";
  volume.spec.claim_ref->name = "data";
  authorizer.put_volume(volume);
  EXPECT_TRUE(may("get", "persistentvolumeclaims", "data"));
  EXPECT_TRUE(may("get", "persistentvolumes", "pv-1"));
  EXPECT_FALSE(may("get", "persistentvolumes", "pv-2"));
}

TEST_F(Node, MakesTokensOnlyForAccountsOfItsPods) {
  auto pod = pod_on("n1", "web");
  pod.spec.service_account_name = "robot";
  authorizer.put_pod(pod);
  EXPECT_TRUE(may("create", "serviceaccounts", "robot", "token"));
  EXPECT_FALSE(may("create", "serviceaccounts", "admin", "token"));
}

TEST_F(Node, ListsOnlyItsOwnPods) {
  EXPECT_FALSE(may("list", "pods", ""));
  asked.field_selector = "spec.nodeName=n2";
  EXPECT_FALSE(may("list", "pods", ""));
  asked.field_selector = "spec.nodeName=n1";
  EXPECT_TRUE(may("list", "pods", ""));
}

TEST_F(Node, TouchesNoOtherNode) {
  EXPECT_TRUE(may("get", "nodes", "n1"));
  EXPECT_FALSE(may("get", "nodes", "n2"));
}

TEST_F(Node, TheNameAloneMakesNoNode) {
  asked.user.groups = {"system:authenticated"};
  EXPECT_FALSE(may("get", "nodes", "n1"));
}

TEST_F(Node, ListsItsOwnPodsHoweverTheSelectorIsWritten) {
  asked.name = "";
  asked.verb = "list";
  asked.resource = "pods";
  auto lists = [&](std::string selector) {
    asked.field_selector = std::move(selector);
    return authorizer.decide(asked)->allowed();
  };
  EXPECT_TRUE(lists("spec.nodeName=n1"));
  EXPECT_TRUE(lists("status.phase!=Failed,spec.nodeName==n1"));
  EXPECT_FALSE(lists(""));
  EXPECT_FALSE(lists("spec.nodeName=n2"));
  EXPECT_FALSE(lists("spec.nodeName!=n1"));
  EXPECT_FALSE(lists("metadata.name=spec.nodeName\\=n1"));
}

}  // namespace
}  // namespace apiserver
