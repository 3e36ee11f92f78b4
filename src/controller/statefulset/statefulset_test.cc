#include <gtest/gtest.h>

#include <set>

#include "controller/statefulset/plan.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::apps_v1::ControllerRevision;
using api::apps_v1::StatefulSet;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using testing::Cluster;
using namespace std::chrono_literals;

StatefulSet stateful_set(std::string name, int32_t replicas) {
  StatefulSet set;
  set.metadata.name = name;
  set.metadata.namespace_ = "default";
  set.spec.replicas = replicas;
  set.spec.service_name = "headless";
  set.spec.selector.ensure().match_labels = {{"app", name}};
  set.spec.template_.metadata.labels = {{"app", name}};
  set.spec.template_.spec.containers.emplace_back().image = "v1";
  set.spec.volume_claim_templates.emplace_back().metadata.name = "data";
  set.spec.update_strategy.type = "RollingUpdate";
  set.spec.pod_management_policy = "OrderedReady";
  return set;
}

class StatefulSetTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(20ms);
    cluster_.run({"statefulset-controller"});
    cluster_.run_nodes({"n1"}, 1s);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  StatefulSet set() { return *cluster_.server.get<StatefulSet>("default", "db"); }
  // "db-0=v1 db-1=v2"
  std::string pods() {
    std::vector<std::string> texts;
    for (const Pod& pod : cluster_.server.list<Pod>())
      texts.push_back(pod.metadata.name + "=" + pod.spec.containers[0].image);
    return base::join(texts, " ");
  }
  bool settle() {
    return cluster_.advance_until([this] {
      auto now = set();
      return now.status.observed_generation == now.metadata.generation &&
             now.status.ready_replicas == *now.spec.replicas && now.status.replicas == *now.spec.replicas;
    });
  }
  bool reaches(std::string wanted) {
    return cluster_.advance_until(
        [&] { return pods() == wanted && set().status.ready_replicas == *set().spec.replicas; });
  }
  void set_image(std::string image) {
    cluster_.edit<StatefulSet>("default", "db",
                               [&](StatefulSet& set) { set.spec.template_.spec.containers[0].image = image; });
  }
  Cluster cluster_{GetParam()};
};

TEST_P(StatefulSetTest, PodsComeOneAfterTheOtherWithNamesAndClaims) {
  cluster_.put(stateful_set("db", 3));
  bool out_of_order = false;
  ASSERT_TRUE(cluster_.advance_until([&] {
    auto all = cluster_.server.list<Pod>();
    for (size_t i = 1; i < all.size(); i++) out_of_order |= !is_ready(all[i - 1]);
    return all.size() == 3 && set().status.ready_replicas == 3;
  }));
  EXPECT_FALSE(out_of_order);
  EXPECT_EQ(pods(), "db-0=v1 db-1=v1 db-2=v1");
  Pod pod = *cluster_.server.get<Pod>("default", "db-1");
  EXPECT_EQ(pod.spec.hostname, "db-1");
  EXPECT_EQ(pod.spec.subdomain, "headless");
  EXPECT_EQ(pod.metadata.labels["apps.kubernetes.io/pod-index"], "1");
  EXPECT_EQ(pod.metadata.labels["controller-revision-hash"], set().status.update_revision);
  EXPECT_EQ(pod.spec.volumes[0].persistent_volume_claim->claim_name, "data-db-1");
  EXPECT_TRUE(cluster_.server.get<PersistentVolumeClaim>("default", "data-db-1"));
}

TEST_P(StatefulSetTest, ScalingDownGoesFromTheTopAndKeepsClaims) {
  cluster_.put(stateful_set("db", 4));
  ASSERT_TRUE(settle());
  cluster_.edit<StatefulSet>("default", "db", [](StatefulSet& set) { set.spec.replicas = 1; });
  std::set<std::string> seen;
  ASSERT_TRUE(cluster_.advance_until([&] {
    seen.insert(pods());
    return pods() == "db-0=v1";
  }));
  EXPECT_TRUE(seen.contains("db-0=v1 db-1=v1"));
  EXPECT_TRUE(seen.contains("db-0=v1 db-1=v1 db-2=v1"));
  EXPECT_EQ(cluster_.server.list<PersistentVolumeClaim>().size(), 4u);
}

TEST_P(StatefulSetTest, AnUpdateGoesFromTheTopOnePodAtATime) {
  cluster_.put(stateful_set("db", 3));
  ASSERT_TRUE(settle());
  std::string before = set().status.current_revision;
  set_image("v2");
  std::set<std::string> seen;
  int least = 3;
  ASSERT_TRUE(cluster_.advance_until([&] {
    if (cluster_.server.list<Pod>().size() == 3) seen.insert(pods());
    int ready = 0;
    for (const Pod& pod : cluster_.active_pods()) ready += is_ready(pod) ? 1 : 0;
    least = std::min(least, ready);
    return pods() == "db-0=v2 db-1=v2 db-2=v2" && set().status.ready_replicas == 3 &&
           set().status.current_revision == set().status.update_revision;
  }));
  EXPECT_EQ(seen, (std::set<std::string>{"db-0=v1 db-1=v1 db-2=v1", "db-0=v1 db-1=v1 db-2=v2",
                                         "db-0=v1 db-1=v2 db-2=v2", "db-0=v2 db-1=v2 db-2=v2"}));
  EXPECT_EQ(least, 2);
  EXPECT_NE(set().status.current_revision, before);
  EXPECT_EQ(cluster_.server.list<ControllerRevision>().size(), 2u);
}

TEST_P(StatefulSetTest, ThePartitionKeepsThoseBelowItAsTheyAre) {
  StatefulSet parted = stateful_set("db", 3);
  parted.spec.update_strategy.rolling_update.ensure().partition = 2;
  cluster_.put(parted);
  ASSERT_TRUE(settle());
  set_image("v2");
  ASSERT_TRUE(reaches("db-0=v1 db-1=v1 db-2=v2"));
  cluster_.advance(60s);
  EXPECT_EQ(pods(), "db-0=v1 db-1=v1 db-2=v2");
  // One that is lost comes back as it was.
  cluster_.on_loop([&] { cluster_.server.erase<Pod>("default", "db-0"); });
  ASSERT_TRUE(reaches("db-0=v1 db-1=v1 db-2=v2"));
}

TEST_P(StatefulSetTest, AnUpdateThatDoesNotWorkCanBeMended) {
  cluster_.put(stateful_set("db", 2));
  ASSERT_TRUE(settle());
  set_image("bad");
  cluster_.advance(60s);
  EXPECT_EQ(pods(), "db-0=v1 db-1=bad");
  set_image("v3");
  EXPECT_TRUE(reaches("db-0=v3 db-1=v3"));
}

TEST_P(StatefulSetTest, ABrokenPodHoldsUpAnUpdateUntilItIsItsTurn) {
  cluster_.put(stateful_set("db", 3));
  ASSERT_TRUE(settle());
  auto set_ready = [&](std::string status) {
    cluster_.edit<Pod>("default", "db-1", [&](Pod& pod) {
      pod.spec.containers[0].image = status == "True" ? "v1" : "bad";
      pod.status.conditions[0].status = status;
    });
  };
  set_ready("False");
  set_image("v2");
  cluster_.advance(10s);
  EXPECT_EQ(pods(), "db-0=v1 db-1=bad db-2=v1");
  set_ready("True");
  EXPECT_TRUE(reaches("db-0=v2 db-1=v2 db-2=v2"));
}

TEST_P(StatefulSetTest, ScalingDownWaitsForPodsThatDoNotWork) {
  cluster_.put(stateful_set("db", 3));
  ASSERT_TRUE(settle());
  auto set_all = [&](std::string image, std::string status) {
    for (Pod& pod : cluster_.server.list<Pod>()) {
      pod.spec.containers[0].image = image;
      pod.status.conditions[0].status = status;
      cluster_.put(pod);
    }
  };
  set_all("bad", "False");
  cluster_.advance(2s);
  cluster_.edit<StatefulSet>("default", "db", [](StatefulSet& set) { set.spec.replicas = 0; });
  cluster_.advance(10s);
  EXPECT_EQ(cluster_.server.list<Pod>().size(), 3u);
  set_all("v1", "True");
  EXPECT_TRUE(cluster_.advance_until([&] { return cluster_.server.list<Pod>().empty(); }));
}

TEST_P(StatefulSetTest, ClaimsBelongToWhomTheyGoWith) {
  StatefulSet set = stateful_set("db", 2);
  auto& policy = set.spec.persistent_volume_claim_retention_policy.ensure();
  policy.when_deleted = policy.when_scaled = "Delete";
  cluster_.put(set);
  ASSERT_TRUE(settle());
  auto owner = [&](std::string claim) {
    auto owners = cluster_.server.get<PersistentVolumeClaim>("default", claim)->metadata.owner_references;
    return owners.size() == 1 ? owners[0].kind + " " + owners[0].name : "";
  };
  EXPECT_EQ(owner("data-db-0"), "StatefulSet db");
  EXPECT_EQ(owner("data-db-1"), "StatefulSet db");
  cluster_.edit<StatefulSet>("default", "db", [](StatefulSet& set) { set.spec.replicas = 1; });
  ASSERT_TRUE(settle());
  EXPECT_EQ(owner("data-db-1"), "Pod db-1");
  EXPECT_EQ(owner("data-db-0"), "StatefulSet db");
  cluster_.edit<StatefulSet>("default", "db", [](StatefulSet& set) {
    set.spec.persistent_volume_claim_retention_policy->when_deleted = "Retain";
  });
  cluster_.advance(5s);
  EXPECT_EQ(owner("data-db-0"), "");
}

TEST_P(StatefulSetTest, AFailedPodIsMadeAgainUnderItsName) {
  cluster_.put(stateful_set("db", 2));
  ASSERT_TRUE(settle());
  std::string uid = cluster_.server.get<Pod>("default", "db-0")->metadata.uid;
  cluster_.edit<Pod>("default", "db-0", [](Pod& pod) { pod.status.phase = "Failed"; });
  ASSERT_TRUE(cluster_.advance_until([&] {
    auto pod = cluster_.server.get<Pod>("default", "db-0");
    return pod && pod->metadata.uid != uid && is_ready(*pod);
  }));
}

TEST_P(StatefulSetTest, ParallelMeansAllAtOnce) {
  StatefulSet parallel = stateful_set("db", 5);
  parallel.spec.pod_management_policy = "Parallel";
  cluster_.put(parallel);
  cluster_.advance(500ms);
  EXPECT_EQ(cluster_.server.list<Pod>().size(), 5u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StatefulSetTest, ::testing::Values(1, 7));

}  // namespace
}  // namespace controller
