#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "controller/common/ownership.h"
#include "controller/replicaset/plan.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::apps_v1::ReplicaSet;
using api::core_v1::Pod;
using api::core_v1::ReplicationController;
using client::testing::pod;
using testing::Cluster;
using testing::replica_set;
using namespace std::chrono_literals;

const base::Time kNow{1'700'000'000, 0};

std::vector<PodPointer> pods(std::vector<Pod> list) {
  std::vector<PodPointer> pointers;
  for (Pod& one : list) pointers.push_back(std::make_shared<const Pod>(std::move(one)));
  return pointers;
}

std::string first_to_go(std::vector<Pod> list, std::map<std::string, int> neighbours = {}) {
  auto plan = replicaset::plan(replica_set("web", static_cast<int32_t>(list.size()) - 1), pods(list), neighbours, kNow);
  return plan.remove.size() == 1 ? plan.remove[0]->metadata.name : "";
}

Pod running(std::string name, int64_t ready_for = 100) {
  return pod(name).on("n1").ready(true, {kNow.seconds - ready_for, 0});
}

TEST(ReplicaSetPlan, PodsThatHelpLeastGoFirst) {
  EXPECT_EQ(first_to_go({running("a"), pod("b")}), "b");                                         // no node
  EXPECT_EQ(first_to_go({running("a"), pod("b").on("n1")}), "b");                                // pending
  EXPECT_EQ(first_to_go({running("a"), pod("b").on("n1").ready(false).phase("Running")}), "b");  // not ready
  Pod cheap = running("b");
  cheap.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = "-1";
  EXPECT_EQ(first_to_go({running("a"), cheap}), "b");
  EXPECT_EQ(first_to_go({running("a"), pod("b").on("n2").ready(true, {kNow.seconds - 100, 0})}, {{"n1", 1}, {"n2", 2}}),
            "b");
  EXPECT_EQ(first_to_go({running("a", 1000), running("b", 10)}), "b");
  Pod flaky = running("b");
  flaky.status.container_statuses.emplace_back().restart_count = 3;
  EXPECT_EQ(first_to_go({running("a"), flaky}), "b");
}

TEST(ReplicaSetPlan, EndedAndDepartingPodsDoNotCount) {
  Pod leaving = running("b");
  leaving.metadata.deletion_timestamp = kNow;
  auto plan =
      replicaset::plan(replica_set("web", 3), pods({running("a"), leaving, pod("c").phase("Failed")}), {}, kNow);
  EXPECT_EQ(plan.create, 2u);
}

TEST(ReplicaSetPlan, StatusCountsAndRemembersFailures) {
  ReplicaSet set = replica_set("web", 3);
  set.metadata.generation = 4;
  set.spec.min_ready_seconds = 60;
  auto all =
      pods({pod("a").label("app", "web").on("n1").ready(true, {kNow.seconds - 100, 0}), running("b", 10), pod("c")});
  auto status = replicaset::status_of(set, all, replicaset::Failure{"FailedCreate", "no"}, kNow);
  EXPECT_EQ(status.replicas, 3);
  EXPECT_EQ(status.fully_labeled_replicas, 1);
  EXPECT_EQ(status.ready_replicas, 2);
  EXPECT_EQ(status.available_replicas, 1);
  EXPECT_EQ(status.observed_generation, 4);
  ASSERT_EQ(status.conditions.size(), 1u);
  EXPECT_EQ(status.conditions[0].reason, "FailedCreate");
  set.status = status;
  EXPECT_TRUE(replicaset::status_of(set, all, std::nullopt, kNow).conditions.empty());
  EXPECT_EQ(replicaset::next_available(set, all, kNow), (base::Time{kNow.seconds + 50, 0}));
}

class ReplicaSetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(20ms);
    cluster_.run({"replicaset-controller", "replicationcontroller-controller"});
  }
  void TearDown() override { cluster_.scope.cancel(); }
  size_t created() const {
    return static_cast<size_t>(std::count(cluster_.server.writes().begin(), cluster_.server.writes().end(),
                                          "POST /api/v1/namespaces/default/pods"));
  }
  Cluster cluster_;
};

TEST_F(ReplicaSetTest, MakesPodsOfItsTemplateAndNoMore) {
  auto set = cluster_.put(replica_set("web", 7));
  cluster_.advance(10s);
  auto all = cluster_.server.list<Pod>();
  ASSERT_EQ(all.size(), 7u);
  EXPECT_EQ(created(), 7u);
  const Pod& one = all[0];
  EXPECT_TRUE(one.metadata.name.starts_with("web-"));
  EXPECT_EQ(one.metadata.labels, set.spec.template_.metadata.labels);
  ASSERT_EQ(one.metadata.owner_references.size(), 1u);
  EXPECT_EQ(one.metadata.owner_references[0], controller_reference(set));
  EXPECT_EQ(cluster_.server.get<ReplicaSet>("default", "web")->status.replicas, 7);
  EXPECT_EQ(cluster_.events("web").size(), 7u);
  EXPECT_EQ(cluster_.events("web")[0].substr(0, 33), "SuccessfulCreate Created pod: web");
}

TEST_F(ReplicaSetTest, ReplacesWhatIsLostAndRemovesWhatIsTooMany) {
  cluster_.run_nodes({"n1", "n2"});
  cluster_.put(replica_set("web", 4));
  cluster_.advance(20s);
  cluster_.on_loop([&] { cluster_.server.erase<Pod>("default", cluster_.active_pods()[0].metadata.name); });
  cluster_.advance(20s);
  EXPECT_EQ(cluster_.active_pods().size(), 4u);
  cluster_.edit<ReplicaSet>("default", "web", [](ReplicaSet& set) { set.spec.replicas = 1; });
  cluster_.advance(60s);
  EXPECT_EQ(cluster_.server.list<Pod>().size(), 1u);
  auto status = cluster_.server.get<ReplicaSet>("default", "web")->status;
  EXPECT_EQ(status.ready_replicas, 1);
  EXPECT_EQ(status.observed_generation, 2);
  EXPECT_EQ(created(), 5u);
}

TEST_F(ReplicaSetTest, AdoptsOrphansThatMatchAndReleasesWhatNoLongerDoes) {
  cluster_.put<Pod>(pod("stray").label("app", "web"));
  auto set = cluster_.put(replica_set("web", 1));
  cluster_.advance(5s);
  EXPECT_EQ(created(), 0u);
  ASSERT_TRUE(is_controlled_by(cluster_.server.get<Pod>("default", "stray")->metadata, set.metadata.uid));
  cluster_.edit<Pod>("default", "stray", [](Pod& pod) { pod.metadata.labels["app"] = "other"; });
  cluster_.advance(5s);
  EXPECT_TRUE(cluster_.server.get<Pod>("default", "stray")->metadata.owner_references.empty());
  EXPECT_EQ(created(), 1u);
}

TEST_F(ReplicaSetTest, WhatCannotBeCreatedIsTriedOnceAndReported) {
  cluster_.server.set_fault([](const client::Call& call) -> std::optional<base::Error> {
    if (call.method == "POST" && call.target.find("/pods") != std::string::npos)
      return base::Error(base::Code::Forbidden, "exceeded quota");
    return std::nullopt;
  });
  cluster_.put(replica_set("web", 100));
  cluster_.advance(1ms * 200);
  auto status = cluster_.server.get<ReplicaSet>("default", "web")->status;
  ASSERT_EQ(status.conditions.size(), 1u);
  EXPECT_EQ(status.conditions[0].type, "ReplicaFailure");
  EXPECT_EQ(status.conditions[0].message, "exceeded quota");
  cluster_.server.set_fault({});
  cluster_.advance(30s);
  EXPECT_EQ(cluster_.server.list<Pod>().size(), 100u);
  EXPECT_TRUE(cluster_.server.get<ReplicaSet>("default", "web")->status.conditions.empty());
}

TEST_F(ReplicaSetTest, ASetBeingDeletedMakesNothing) {
  ReplicaSet set = replica_set("web", 3);
  set.metadata.deletion_timestamp = cluster_.now();
  set.metadata.finalizers = {"foregroundDeletion"};
  cluster_.put(set);
  cluster_.advance(10s);
  EXPECT_EQ(created(), 0u);
}

TEST_F(ReplicaSetTest, AReplicationControllerDoesTheSame) {
  ReplicationController kind;
  kind.metadata.name = "old";
  kind.metadata.namespace_ = "default";
  kind.spec.replicas = 2;
  kind.spec.selector = {{"app", "old"}};
  kind.spec.template_.emplace().metadata.labels = {{"app", "old"}};
  cluster_.put(kind);
  cluster_.advance(10s);
  ASSERT_EQ(cluster_.server.list<Pod>().size(), 2u);
  EXPECT_EQ(cluster_.server.list<Pod>()[0].metadata.owner_references[0].kind, "ReplicationController");
  EXPECT_EQ(cluster_.server.get<ReplicationController>("default", "old")->status.replicas, 2);
}

TEST_F(ReplicaSetTest, IdleMeansNoWakeUps) {
  cluster_.put(replica_set("web", 3));
  cluster_.advance(30s);
  uint64_t wakes = cluster_.loop->wakes();
  size_t writes = cluster_.server.writes().size();
  cluster_.advance(1h);
  EXPECT_EQ(cluster_.loop->wakes(), wakes);
  EXPECT_EQ(cluster_.server.writes().size(), writes);
}

}  // namespace
}  // namespace controller
