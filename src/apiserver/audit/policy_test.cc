#include "apiserver/audit/policy.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

constexpr char kPolicy[] = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:kube-proxy"], verbs: [watch]}
- {level: None, nonResourceURLs: ["/healthz*", "/version"]}
- level: Metadata
  resources: [{group: "", resources: [secrets, "pods/log", "*/status"]}]
- level: RequestResponse
  namespaces: [prod]
  omitStages: [ResponseStarted]
- {level: Request, userGroups: [dev]}
)";

struct AuditPolicyTest : testing::Test {
  std::string level(std::string verb, std::string resource, std::string namespace_ = "default") {
    AuthorizationAttributes asked;
    asked.user = user;
    asked.verb = std::move(verb);
    asked.resource_request = resource[0] != '/';
    auto slash = resource.find('/');
    if (asked.resource_request) {
      asked.resource = resource.substr(0, slash);
      if (slash != std::string::npos) asked.subresource = resource.substr(slash + 1);
      asked.namespace_ = std::move(namespace_);
    } else {
      asked.path = resource;
    }
    return std::string(level_name(policy.decide(asked).level));
  }
  AuditPolicy policy = *AuditPolicy::from_yaml(kPolicy);
  User user{"ann", "", {"dev"}, {}};
};

TEST_F(AuditPolicyTest, TheFirstRuleThatCoversARequestDecides) {
  EXPECT_EQ(level("get", "/healthz/ping"), "None");
  EXPECT_EQ(level("get", "/versions"), "Request");
  EXPECT_EQ(level("get", "secrets", "prod"), "Metadata");
  EXPECT_EQ(level("update", "deployments/status"), "Metadata");
  EXPECT_EQ(level("get", "pods/log"), "Metadata");
  EXPECT_EQ(level("get", "pods/exec"), "Request");
  EXPECT_EQ(level("get", "pods", "prod"), "RequestResponse");
  user = {"system:kube-proxy", "", {}, {}};
  EXPECT_EQ(level("watch", "services"), "None");
  EXPECT_EQ(level("list", "services"), "None");  // no rule covers it
}

TEST_F(AuditPolicyTest, StagesLeftOutByThePolicyAndTheRuleAddUp) {
  AuthorizationAttributes asked;
  asked.resource_request = true;
  asked.namespace_ = "prod";
  asked.resource = "pods";
  auto decision = policy.decide(asked);
  EXPECT_TRUE(decision.omits("RequestReceived"));
  EXPECT_TRUE(decision.omits("ResponseStarted"));
  EXPECT_FALSE(decision.omits("ResponseComplete"));
}

TEST(AuditPolicyText, WhatIsNoPolicyIsRefused) {
  EXPECT_FALSE(AuditPolicy::from_yaml("kind: Policy"));
  EXPECT_FALSE(AuditPolicy::from_yaml("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: []}"));
  EXPECT_FALSE(AuditPolicy::from_yaml("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Everything}]}"));
}

}  // namespace
}  // namespace apiserver
