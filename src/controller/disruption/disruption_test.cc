#include "controller/disruption/disruption.h"

#include <gtest/gtest.h>

#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::apps_v1::Deployment;
using api::core_v1::Pod;
using api::policy_v1::PodDisruptionBudget;
using testing::Cluster;
using namespace std::chrono_literals;

class DisruptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(10ms);
    cluster_.run({"deployment-controller", "replicaset-controller", "disruption-controller"});
    cluster_.run_nodes({"n1"});
    cluster_.put(testing::deployment("web", 4));
    cluster_.advance(20s);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  void budget(std::optional<schema::IntOrString> min_available, std::optional<schema::IntOrString> max_unavailable) {
    PodDisruptionBudget budget;
    budget.metadata.name = "web";
    budget.metadata.namespace_ = "default";
    budget.spec.selector.ensure().match_labels = {{"app", "web"}};
    budget.spec.min_available = min_available;
    budget.spec.max_unavailable = max_unavailable;
    cluster_.put(budget);
    cluster_.advance(2s);
  }
  // allowed/healthy/desired/expected
  std::string status() {
    auto status = cluster_.server.get<PodDisruptionBudget>("default", "web")->status;
    return std::to_string(status.disruptions_allowed) + "/" + std::to_string(status.current_healthy) + "/" +
           std::to_string(status.desired_healthy) + "/" + std::to_string(status.expected_pods);
  }
  Cluster cluster_;
};

TEST_F(DisruptionTest, CountsByNumberOrByShare) {
  budget(3, std::nullopt);
  EXPECT_EQ(status(), "1/4/3/4");
  budget("60%", std::nullopt);
  EXPECT_EQ(status(), "1/4/3/4");
  budget(std::nullopt, "50%");
  EXPECT_EQ(status(), "2/4/2/4");
  cluster_.edit<Deployment>("default", "web", [](Deployment& web) { web.spec.replicas = 8; });
  cluster_.advance(20s);
  EXPECT_EQ(status(), "4/8/4/8");
}

TEST_F(DisruptionTest, FollowsPodsAndGrantedEvictions) {
  budget(3, std::nullopt);
  std::string name = cluster_.active_pods()[0].metadata.name;
  cluster_.edit<PodDisruptionBudget>(
      "default", "web", [&](PodDisruptionBudget& budget) { budget.status.disrupted_pods[name] = cluster_.now(); });
  cluster_.advance(2s);
  EXPECT_EQ(status(), "0/3/3/4");
  cluster_.advance(125s);  // it was not evicted after all
  EXPECT_EQ(status(), "1/4/3/4");
  EXPECT_TRUE(cluster_.server.get<PodDisruptionBudget>("default", "web")->status.disrupted_pods.empty());
}

}  // namespace
}  // namespace controller
