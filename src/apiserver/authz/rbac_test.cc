#include "apiserver/authz/rbac.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

namespace rbac = api::rbac_authorization_k8s_io_v1;

PolicyRule rule(std::vector<std::string> verbs, std::vector<std::string> groups, std::vector<std::string> resources,
                std::vector<std::string> names = {}) {
  PolicyRule made;
  made.verbs = std::move(verbs);
  made.api_groups = std::move(groups);
  made.resources = std::move(resources);
  made.resource_names = std::move(names);
  return made;
}

rbac::Subject subject(std::string kind, std::string name, std::string namespace_ = "") {
  rbac::Subject made;
  made.kind = std::move(kind);
  made.name = std::move(name);
  made.namespace_ = std::move(namespace_);
  return made;
}

rbac::RoleRef role_ref(std::string kind, std::string name) {
  rbac::RoleRef made;
  made.kind = std::move(kind);
  made.name = std::move(name);
  return made;
}

// "jane" asks to VERB GROUP/RESOURCE[/SUB] in a namespace.
struct Rbac : testing::Test {
  bool may(std::string verb, std::string resource, std::string namespace_ = "", std::string name = "",
           std::string group = "") {
    AuthorizationAttributes asked;
    asked.user = user;
    asked.resource_request = true;
    asked.verb = std::move(verb);
    asked.api_group = std::move(group);
    auto slash = resource.find('/');
    asked.resource = resource.substr(0, slash);
    if (slash != std::string::npos) asked.subresource = resource.substr(slash + 1);
    asked.namespace_ = std::move(namespace_);
    asked.name = std::move(name);
    return authorizer.decide(asked)->decision == Decision::Allow;
  }
  bool may_get(std::string path) {
    AuthorizationAttributes asked;
    asked.user = user;
    asked.verb = "get";
    asked.resource_request = false;
    asked.path = std::move(path);
    return authorizer.decide(asked)->decision == Decision::Allow;
  }
  RbacAuthorizer authorizer;
  User user{"jane", "", {"dev", "system:authenticated"}, {}};
};

TEST_F(Rbac, NothingIsAllowedWithoutABinding) {
  authorizer.put_role("", "all", {rule({"*"}, {"*"}, {"*"})});
  EXPECT_FALSE(may("get", "pods", "default"));
}

TEST_F(Rbac, AClusterBindingHoldsEverywhere) {
  authorizer.put_role("", "reader", {rule({"get", "list"}, {""}, {"pods"})});
  authorizer.put_binding("", "readers", role_ref("ClusterRole", "reader"), {subject("Group", "dev")});
  EXPECT_TRUE(may("get", "pods", "default"));
  EXPECT_TRUE(may("list", "pods"));
  EXPECT_FALSE(may("delete", "pods", "default"));
  EXPECT_FALSE(may("get", "secrets", "default"));
  EXPECT_FALSE(may("get", "pods", "default", "", "apps"));
}

TEST_F(Rbac, ARoleBindingHoldsInItsNamespaceOnly) {
  authorizer.put_role("", "reader", {rule({"get"}, {""}, {"pods"})});
  authorizer.put_binding("team", "readers", role_ref("ClusterRole", "reader"), {subject("User", "jane")});
  EXPECT_TRUE(may("get", "pods", "team"));
  EXPECT_FALSE(may("get", "pods", "other"));
  EXPECT_FALSE(may("get", "pods"));
}

TEST_F(Rbac, ARoleBindingFindsTheRoleOfItsOwnNamespace) {
  authorizer.put_role("team", "reader", {rule({"get"}, {""}, {"pods"})});
  authorizer.put_role("other", "reader", {rule({"*"}, {"*"}, {"*"})});
  authorizer.put_binding("team", "readers", role_ref("Role", "reader"), {subject("User", "jane")});
  EXPECT_TRUE(may("get", "pods", "team"));
  EXPECT_FALSE(may("get", "secrets", "team"));
}

TEST_F(Rbac, ASubresourceNeedsItsOwnRule) {
  authorizer.put_role("", "reader", {rule({"get"}, {""}, {"pods"}), rule({"update"}, {"*"}, {"*/scale"})});
  authorizer.put_binding("", "b", role_ref("ClusterRole", "reader"), {subject("User", "jane")});
  EXPECT_FALSE(may("get", "pods/log", "default"));
  EXPECT_TRUE(may("update", "deployments/scale", "default", "x", "apps"));
  EXPECT_FALSE(may("update", "deployments/status", "default", "x", "apps"));
}

TEST_F(Rbac, ResourceNamesNarrowARule) {
  authorizer.put_role("", "one", {rule({"get"}, {""}, {"secrets"}, {"mine"})});
  authorizer.put_binding("", "b", role_ref("ClusterRole", "one"), {subject("User", "jane")});
  EXPECT_TRUE(may("get", "secrets", "default", "mine"));
  EXPECT_FALSE(may("get", "secrets", "default", "yours"));
  EXPECT_FALSE(may("list", "secrets", "default"));
}

TEST_F(Rbac, PathsMatchWholeOrByTheirBeginning) {
  PolicyRule paths;
  paths.verbs = {"get"};
  paths.non_resource_urls = {"/healthz", "/metrics/*"};
  authorizer.put_role("", "paths", {paths});
  authorizer.put_binding("", "b", role_ref("ClusterRole", "paths"), {subject("Group", "system:authenticated")});
  EXPECT_TRUE(may_get("/healthz"));
  EXPECT_TRUE(may_get("/metrics/slis"));
  EXPECT_FALSE(may_get("/healthz/ping"));
}

TEST_F(Rbac, AServiceAccountIsTheUserOfItsName) {
  user = {"system:serviceaccount:team:robot", "", {}, {}};
  authorizer.put_role("", "reader", {rule({"get"}, {""}, {"pods"})});
  authorizer.put_binding("", "b", role_ref("ClusterRole", "reader"), {subject("ServiceAccount", "robot", "team")});
  EXPECT_TRUE(may("get", "pods", "default"));
}

TEST_F(Rbac, TheReasonNamesBindingRoleAndSubject) {
  authorizer.put_role("", "reader", {rule({"get"}, {""}, {"pods"})});
  authorizer.put_binding("team", "b", role_ref("ClusterRole", "reader"),
                         {subject("Group", "dev"), subject("ServiceAccount", "robot", "team")});
  AuthorizationAttributes asked;
  asked.user = {"system:serviceaccount:team:robot", "", {}, {}};
  asked.resource_request = true;
  asked.verb = "get";
  asked.resource = "pods";
  asked.namespace_ = "team";
  EXPECT_EQ(authorizer.decide(asked)->reason,
            R"(RBAC: allowed by RoleBinding "b/team" of ClusterRole "reader" to ServiceAccount "robot/team")");
}

TEST_F(Rbac, AUserIsNotTheGroupOfTheSameName) {
  user = {"dev", "", {}, {}};
  authorizer.put_role("", "all", {rule({"*"}, {"*"}, {"*"})});
  authorizer.put_binding("", "b", role_ref("ClusterRole", "all"), {subject("Group", "dev")});
  EXPECT_FALSE(may("get", "pods"));
}

TEST_F(Rbac, WhatIsTakenAwayNoLongerHolds) {
  authorizer.put_role("", "reader", {rule({"get"}, {""}, {"pods"})});
  authorizer.put_binding("", "b", role_ref("ClusterRole", "reader"),
                         {subject("User", "jane"), subject("User", "jane")});
  ASSERT_TRUE(may("get", "pods"));
  authorizer.put_binding("", "b", role_ref("ClusterRole", "reader"), {subject("User", "joe")});
  EXPECT_FALSE(may("get", "pods"));
  authorizer.put_binding("", "b", role_ref("ClusterRole", "reader"), {subject("User", "jane")});
  authorizer.remove_role("", "reader");
  EXPECT_FALSE(may("get", "pods"));
}

}  // namespace
}  // namespace apiserver
