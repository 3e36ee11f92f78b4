#include "controller/validatingadmissionpolicy_status/type_check.h"

#include <gtest/gtest.h>

#include "api/apps_v1.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::admissionregistration_k8s_io_v1::ValidatingAdmissionPolicy;
using testing::Cluster;
using namespace std::chrono_literals;

class PolicyStatusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_.metadata.name = "p";
    policy_.metadata.generation = 1;
    auto& rule = policy_.spec.match_constraints.ensure().resource_rules.emplace_back();
    rule.api_groups = {"apps"};
    rule.api_versions = {"v1"};
    rule.resources = {"deployments"};
  }
  void TearDown() override { cluster_.scope.cancel(); }
  // "field: first line of the warning" of each.
  std::vector<std::string> check(std::string expression, std::string message_expression = "") {
    auto& validation = policy_.spec.validations.emplace_back();
    validation.expression = std::move(expression);
    validation.message_expression = std::move(message_expression);
    cluster_.put(policy_);
    cluster_.run({"validatingadmissionpolicy-status-controller"});
    auto checked = cluster_.server.get<ValidatingAdmissionPolicy>("", "p");
    EXPECT_EQ(checked->status.observed_generation, 1);
    if (!checked->status.type_checking) return {"not checked"};
    std::vector<std::string> texts;
    for (const auto& one : checked->status.type_checking->expression_warnings) {
      texts.push_back(one.field_ref + ": " + one.warning.substr(0, one.warning.find('\n')));
    }
    return texts;
  }
  Cluster cluster_;
  ValidatingAdmissionPolicy policy_;
};

TEST_F(PolicyStatusTest, RightTypesAreCheckedAndNothingIsSaid) {
  policy_.spec.variables.push_back({.name = "n", .expression = "object.spec.replicas"});
  EXPECT_EQ(check("variables.n > 1 && object.metadata.name != ''", "'got ' + string(variables.n)"),
            std::vector<std::string>());
}

TEST_F(PolicyStatusTest, WrongTypesAreToldWithKindAndPlace) {
  EXPECT_EQ(
      check("object.spec.replicas > '1'", "'got ' + object.spec.replicas"),
      (std::vector<std::string>{
          "spec.validations[0].expression: apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching "
          "overload for '_>_' applied to '(int, string)'",
          "spec.validations[0].messageExpression: apps/v1, Kind=Deployment: ERROR: <input>:1:8: found no matching "
          "overload for '_+_' applied to '(string, int)'"}));
}

TEST_F(PolicyStatusTest, EachKindIsCheckedAndWildcardsAreNot) {
  auto& rules = policy_.spec.match_constraints->resource_rules;
  rules[0].resources = {"statefulsets", "deployments", "deployments/scale"};
  rules.emplace_back(rules[0]).api_groups = {"*"};
  auto warnings = check("object.spec.serviceName == ''");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0],
            "spec.validations[0].expression: apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field "
            "'serviceName'");
}

}  // namespace
}  // namespace controller
