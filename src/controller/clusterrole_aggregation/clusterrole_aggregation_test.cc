#include "controller/clusterrole_aggregation/clusterrole_aggregation.h"

#include <gmock/gmock.h>

#include "api/rbac_authorization_k8s_io_v1.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::rbac_authorization_k8s_io_v1::ClusterRole;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

ClusterRole part(std::string name, std::string resource) {
  ClusterRole role;
  role.metadata.name = std::move(name);
  role.metadata.labels["aggregate-to-sum"] = "true";
  auto& rule = role.rules.emplace_back();
  rule.verbs = {"get"};
  rule.resources = {std::move(resource)};
  return role;
}

struct Aggregation : ::testing::Test {
  testing::Cluster cluster;
  void SetUp() override {
    ClusterRole sum;
    sum.metadata.name = "sum";
    sum.aggregation_rule.emplace().cluster_role_selectors.emplace_back().match_labels["aggregate-to-sum"] = "true";
    cluster.put(sum);
  }
  std::vector<std::string> resources() {
    std::vector<std::string> out;
    for (const auto& rule : cluster.server.get<ClusterRole>("", "sum")->rules) out.push_back(rule.resources.at(0));
    return out;
  }
};

TEST_F(Aggregation, TheSumFollowsItsParts) {
  cluster.put(part("b", "pods"));
  cluster.put(part("a", "secrets"));
  cluster.run({"clusterrole-aggregation-controller"});
  EXPECT_THAT(resources(), ElementsAre("secrets", "pods"));

  cluster.put(part("c", "jobs"));
  cluster.advance(1s);
  EXPECT_THAT(resources(), ElementsAre("secrets", "pods", "jobs"));

  cluster.edit<ClusterRole>("", "b", [](ClusterRole& role) { role.metadata.labels.clear(); });
  cluster.on_loop([&] { cluster.server.erase<ClusterRole>("", "a"); });
  cluster.advance(1s);
  EXPECT_THAT(resources(), ElementsAre("jobs"));
}

TEST_F(Aggregation, TheSameRuleCountsOnce) {
  cluster.put(part("a", "pods"));
  cluster.put(part("b", "pods"));
  cluster.run({"clusterrole-aggregation-controller"});
  EXPECT_THAT(resources(), ElementsAre("pods"));
}

TEST_F(Aggregation, RulesWrittenByHandAreReplaced) {
  cluster.put(part("a", "pods"));
  cluster.run({"clusterrole-aggregation-controller"});
  cluster.edit<ClusterRole>("", "sum", [](ClusterRole& role) { role.rules.clear(); });
  cluster.advance(1s);
  EXPECT_THAT(resources(), ElementsAre("pods"));
}

}  // namespace
}  // namespace controller
