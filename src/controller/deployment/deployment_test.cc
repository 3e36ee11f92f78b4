#include <gtest/gtest.h>

#include <algorithm>

#include "controller/deployment/plan.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::apps_v1::Deployment;
using api::apps_v1::ReplicaSet;
using api::core_v1::Pod;
using testing::Cluster;
using namespace std::chrono_literals;

class DeploymentTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(30ms);
    cluster_.run({"deployment-controller", "replicaset-controller"});
    cluster_.run_nodes({"n1", "n2", "n3"});
  }
  void TearDown() override { cluster_.scope.cancel(); }

  Deployment web() { return *cluster_.server.get<Deployment>("default", "web"); }
  std::vector<ReplicaSet> sets() { return cluster_.server.list<ReplicaSet>(); }
  bool rolled_out() {
    const auto deployment = web();
    int32_t size = *deployment.spec.replicas;
    const auto& status = deployment.status;
    return status.observed_generation == deployment.metadata.generation && status.updated_replicas == size &&
           status.replicas == size && status.available_replicas == size &&
           cluster_.server.list<Pod>().size() == static_cast<size_t>(size);
  }
  bool roll_out(io::Duration limit = 10min) {
    return cluster_.advance_until([this] { return rolled_out(); }, limit);
  }
  void set_image(std::string image) {
    cluster_.edit<Deployment>("default", "web",
                              [&](Deployment& web) { web.spec.template_.spec.containers[0].image = image; });
  }
  std::string condition(std::string type) {
    for (const auto& one : web().status.conditions) {
      if (one.type == type) return one.status + " " + one.reason;
    }
    return "";
  }
  static std::string annotation(const api::meta_v1::ObjectMeta& meta, std::string_view key) {
    auto found = meta.annotations.find(key);
    return found == meta.annotations.end() ? "" : found->second;
  }
  ReplicaSet set_of(std::string image) {
    for (const auto& set : sets()) {
      if (set.spec.template_.spec.containers[0].image == image) return set;
    }
    return {};
  }

  Cluster cluster_{GetParam()};
};

TEST_P(DeploymentTest, RollsOutOneSetWithHashAndRevision) {
  cluster_.put(testing::deployment("web", 5));
  ASSERT_TRUE(roll_out());
  ASSERT_EQ(sets().size(), 1u);
  ReplicaSet set = sets()[0];
  std::string hash = set.metadata.labels["pod-template-hash"];
  EXPECT_FALSE(hash.empty());
  EXPECT_EQ(set.metadata.name, "web-" + hash);
  EXPECT_EQ(set.spec.selector->match_labels["pod-template-hash"], hash);
  EXPECT_EQ(cluster_.server.list<Pod>()[0].metadata.labels["pod-template-hash"], hash);
  EXPECT_EQ(annotation(set.metadata, "deployment.kubernetes.io/revision"), "1");
  EXPECT_EQ(annotation(set.metadata, "deployment.kubernetes.io/desired-replicas"), "5");
  EXPECT_EQ(annotation(set.metadata, "deployment.kubernetes.io/max-replicas"), "7");
  EXPECT_EQ(annotation(web().metadata, "deployment.kubernetes.io/revision"), "1");
  EXPECT_EQ(condition("Available"), "True MinimumReplicasAvailable");
  EXPECT_TRUE(cluster_.advance_until([&] { return condition("Progressing") == "True NewReplicaSetAvailable"; }, 5s));
  EXPECT_EQ(cluster_.events("web")[0], "ScalingReplicaSet Scaled up replica set " + set.metadata.name + " from 0 to 5");
}

TEST_P(DeploymentTest, RollingUpdateKeepsWithinSurgeAndAvailability) {
  cluster_.put(testing::deployment("web", 10));
  ASSERT_TRUE(roll_out());
  set_image("v2");
  size_t most = 0;
  int32_t least = 10;
  bool done = cluster_.advance_until(
      [&] {
        most = std::max(most, cluster_.active_pods().size());
        int32_t ready = 0;
        for (const auto& pod : cluster_.active_pods()) ready += is_ready(pod) ? 1 : 0;
        least = std::min(least, ready);
        return rolled_out();
      },
      10min);
  ASSERT_TRUE(done);
  EXPECT_LE(most, 13u);  // 10 and a quarter, rounded up
  EXPECT_GE(least, 8);   // 10 less a quarter, rounded down
  EXPECT_EQ(sets().size(), 2u);
  EXPECT_EQ(*set_of("good").spec.replicas, 0);
  EXPECT_EQ(annotation(web().metadata, "deployment.kubernetes.io/revision"), "2");
}

TEST_P(DeploymentTest, ARollbackBringsTheOldSetBackUnderANewRevision) {
  cluster_.put(testing::deployment("web", 3));
  ASSERT_TRUE(roll_out());
  set_image("v2");
  ASSERT_TRUE(roll_out());
  set_image("good");
  ASSERT_TRUE(roll_out());
  EXPECT_EQ(sets().size(), 2u);
  ReplicaSet set = set_of("good");
  EXPECT_EQ(*set.spec.replicas, 3);
  EXPECT_EQ(annotation(set.metadata, "deployment.kubernetes.io/revision"), "3");
  EXPECT_EQ(annotation(set.metadata, "deployment.kubernetes.io/revision-history"), "1");
  EXPECT_TRUE(cluster_.advance_until(
      [&] { return annotation(web().metadata, "deployment.kubernetes.io/revision") == "3"; }, 5s));
}

TEST_P(DeploymentTest, RecreateStartsNoNewPodBeforeTheLastOldOneIsGone) {
  auto deployment = testing::deployment("web", 3);
  deployment.spec.strategy.type = "Recreate";
  cluster_.put(deployment);
  ASSERT_TRUE(roll_out());
  set_image("v2");
  bool mixed = false;
  ASSERT_TRUE(cluster_.advance_until([&] {
    std::set<std::string> images;
    for (const auto& pod : cluster_.server.list<Pod>()) images.insert(pod.spec.containers[0].image);
    mixed |= images.size() > 1;
    return rolled_out() && images.contains("v2");
  }));
  EXPECT_FALSE(mixed);
}

TEST_P(DeploymentTest, ARolloutThatStandsStillIsReportedAfterItsDeadline) {
  cluster_.put(testing::deployment("web", 4));
  ASSERT_TRUE(roll_out());
  set_image("bad");
  cluster_.advance(9min);
  EXPECT_EQ(condition("Progressing"), "True ReplicaSetUpdated");
  cluster_.advance(2min);
  EXPECT_EQ(condition("Progressing"), "False ProgressDeadlineExceeded");
  EXPECT_EQ(condition("Available"), "True MinimumReplicasAvailable");
  EXPECT_EQ(*set_of("good").spec.replicas, 3);  // what may be unavailable went, the rest serves
}

TEST_P(DeploymentTest, PausedMeansScalingOnly) {
  cluster_.put(testing::deployment("web", 2));
  ASSERT_TRUE(roll_out());
  cluster_.edit<Deployment>("default", "web", [](Deployment& web) {
    web.spec.paused = true;
    web.spec.replicas = 4;
    web.spec.template_.spec.containers[0].image = "v2";
  });
  cluster_.advance(30s);
  EXPECT_EQ(sets().size(), 1u);
  EXPECT_EQ(cluster_.active_pods().size(), 4u);
  EXPECT_EQ(condition("Progressing"), "Unknown DeploymentPaused");
  cluster_.edit<Deployment>("default", "web", [](Deployment& web) { web.spec.paused = false; });
  ASSERT_TRUE(cluster_.advance_until([&] { return sets().size() == 2 && rolled_out(); }));
}

TEST_P(DeploymentTest, AResizeDuringARolloutKeepsTheProportions) {
  cluster_.put(testing::deployment("web", 10));
  ASSERT_TRUE(roll_out());
  set_image("bad");
  cluster_.advance(30s);  // 8 old, 5 new
  ASSERT_EQ(*set_of("good").spec.replicas, 8);
  ASSERT_EQ(*set_of("bad").spec.replicas, 5);
  cluster_.edit<Deployment>("default", "web", [](Deployment& web) { web.spec.replicas = 20; });
  cluster_.advance(30s);
  EXPECT_EQ(*set_of("good").spec.replicas + *set_of("bad").spec.replicas, 25);
  EXPECT_EQ(*set_of("bad").spec.replicas, 10);
}

TEST_P(DeploymentTest, HistoryIsCutToItsLimit) {
  auto deployment = testing::deployment("web", 1);
  deployment.spec.revision_history_limit = 2;
  cluster_.put(deployment);
  ASSERT_TRUE(roll_out());
  for (std::string image : {"v2", "v3", "v4", "v5"}) {
    set_image(image);
    ASSERT_TRUE(roll_out());
  }
  ASSERT_TRUE(cluster_.advance_until([&] { return sets().size() == 3; }, 30s));
  EXPECT_TRUE(set_of("good").metadata.name.empty());
  EXPECT_TRUE(set_of("v2").metadata.name.empty());
}

TEST_P(DeploymentTest, SettledMeansNoWakeUps) {
  cluster_.put(testing::deployment("web", 3));
  ASSERT_TRUE(roll_out());
  cluster_.advance(700s);  // past the progress deadline
  size_t writes = cluster_.server.writes().size();
  cluster_.advance(10min);
  EXPECT_EQ(cluster_.server.writes().size(), writes);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeploymentTest, ::testing::Values(1, 7, 42));

}  // namespace
}  // namespace controller
