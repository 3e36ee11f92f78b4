#include <gtest/gtest.h>

#include <set>

#include "controller/common/revisions.h"
#include "controller/daemonset/plan.h"
#include "controller/testing/cluster.h"
#include "schema/value.h"

namespace controller {
namespace {

using api::apps_v1::ControllerRevision;
using api::apps_v1::DaemonSet;
using api::core_v1::Node;
using api::core_v1::Pod;
using testing::Cluster;
using namespace std::chrono_literals;

DaemonSet daemon_set(std::string name) {
  DaemonSet set;
  set.metadata.name = name;
  set.metadata.namespace_ = "default";
  set.spec.selector.ensure().match_labels = {{"app", name}};
  set.spec.template_.metadata.labels = {{"app", name}};
  set.spec.template_.spec.containers.emplace_back().image = "v1";
  set.spec.update_strategy.type = "RollingUpdate";
  set.spec.revision_history_limit = 1;
  return set;
}

class DaemonSetTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(20ms);
    cluster_.run({"daemonset-controller"});
    cluster_.run_nodes({"n1"});
    for (std::string name : {"n1", "n2", "n3"}) make(name);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  void make(std::string name, std::string taint = "", std::string effect = "NoSchedule") {
    Node node;
    node.metadata.name = name;
    node.metadata.labels = {{"name", name}};
    if (!taint.empty()) {
      node.spec.taints.emplace_back().key = taint;
      node.spec.taints.back().effect = effect;
    }
    cluster_.put(node);
  }
  DaemonSet set() { return *cluster_.server.get<DaemonSet>("default", "agent"); }
  // "n1 n2" of the pods of an image, or of all.
  std::string nodes(std::string image = "") {
    std::multiset<std::string> names;
    for (const Pod& pod : cluster_.active_pods()) {
      if (image.empty() || pod.spec.containers[0].image == image) names.insert(daemonset::target_node(pod));
    }
    return base::join({names.begin(), names.end()}, " ");
  }
  bool settle() {
    return cluster_.advance_until([this] {
      auto status = set().status;
      return status.observed_generation == set().metadata.generation &&
             status.number_available == status.desired_number_scheduled &&
             status.updated_number_scheduled == status.desired_number_scheduled && status.desired_number_scheduled > 0;
    });
  }
  Cluster cluster_{GetParam()};
};

TEST_P(DaemonSetTest, OnePodOnEveryNodeThatFits) {
  make("tainted", "example.com/x");
  make("cordoned", "node.kubernetes.io/unschedulable");
  cluster_.put(daemon_set("agent"));
  ASSERT_TRUE(settle());
  std::set<std::string> pinned;
  for (const Pod& pod : cluster_.server.list<Pod>()) {
    pinned.insert(
        pod.spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution->node_selector_terms[0]
            .match_fields[0]
            .values[0]);
  }
  EXPECT_EQ(pinned, (std::set<std::string>{"n1", "n2", "n3", "cordoned"}));
  EXPECT_EQ(set().status.desired_number_scheduled, 4);
  auto revisions = cluster_.server.list<ControllerRevision>();
  ASSERT_EQ(revisions.size(), 1u);
  EXPECT_EQ(revisions[0].revision, 1);
  EXPECT_EQ(cluster_.server.list<Pod>()[0].metadata.labels.at("controller-revision-hash"), hash_of(revisions[0]));
}

TEST_P(DaemonSetTest, FollowsNodesAsTheyComeAndChange) {
  DaemonSet some = daemon_set("agent");
  some.spec.template_.spec.node_selector = {{"name", "n2"}};
  cluster_.put(some);
  ASSERT_TRUE(settle());
  EXPECT_EQ(nodes(), "n2");
  cluster_.edit<Node>("", "n1", [](Node& node) { node.metadata.labels["name"] = "n2"; });
  cluster_.edit<Node>("", "n2", [](Node& node) { node.metadata.labels["name"] = "x"; });
  cluster_.advance(60s);
  EXPECT_EQ(nodes(), "n1");
}

TEST_P(DaemonSetTest, AFailedPodIsReplaced) {
  cluster_.put(daemon_set("agent"));
  ASSERT_TRUE(settle());
  std::string name = cluster_.active_pods()[0].metadata.name;
  cluster_.edit<Pod>("default", name, [](Pod& pod) { pod.status.phase = "Failed"; });
  cluster_.advance(60s);
  EXPECT_EQ(nodes(), "n1 n2 n3");
  EXPECT_FALSE(cluster_.server.get<Pod>("default", name));
}

TEST_P(DaemonSetTest, ARollingUpdateTakesOneNodeAtATime) {
  cluster_.put(daemon_set("agent"));
  ASSERT_TRUE(settle());
  cluster_.edit<DaemonSet>("default", "agent",
                           [](DaemonSet& set) { set.spec.template_.spec.containers[0].image = "v2"; });
  int least = 3;
  ASSERT_TRUE(cluster_.advance_until([&] {
    int ready = 0;
    for (const Pod& pod : cluster_.active_pods()) ready += is_ready(pod) ? 1 : 0;
    least = std::min(least, ready);
    return nodes("v2") == "n1 n2 n3" && set().status.number_available == 3;
  }));
  EXPECT_EQ(least, 2);
  EXPECT_EQ(cluster_.server.list<ControllerRevision>().size(), 2u);
  // Back again: the old revision becomes the newest.
  cluster_.edit<DaemonSet>("default", "agent",
                           [](DaemonSet& set) { set.spec.template_.spec.containers[0].image = "v1"; });
  ASSERT_TRUE(cluster_.advance_until([&] { return nodes("v1") == "n1 n2 n3"; }));
  int64_t newest = 0;
  for (const auto& revision : cluster_.server.list<ControllerRevision>()) newest = std::max(newest, revision.revision);
  EXPECT_EQ(newest, 3);
}

TEST_P(DaemonSetTest, WithSurgeTheNewPodComesFirst) {
  DaemonSet surging = daemon_set("agent");
  surging.spec.update_strategy.rolling_update.ensure().max_surge = schema::IntOrString(1);
  surging.spec.update_strategy.rolling_update->max_unavailable = schema::IntOrString(0);
  cluster_.put(surging);
  ASSERT_TRUE(settle());
  cluster_.edit<DaemonSet>("default", "agent",
                           [](DaemonSet& set) { set.spec.template_.spec.containers[0].image = "v2"; });
  int least = 3;
  size_t most = 0;
  ASSERT_TRUE(cluster_.advance_until([&] {
    int ready = 0;
    for (const Pod& pod : cluster_.active_pods()) ready += is_ready(pod) ? 1 : 0;
    least = std::min(least, ready);
    most = std::max(most, cluster_.active_pods().size());
    return nodes("v2") == "n1 n2 n3" && nodes() == "n1 n2 n3";
  }));
  EXPECT_EQ(least, 3);
  EXPECT_EQ(most, 4u);
}

TEST(Revisions, ThePatchReplacesTheTemplate) {
  api::core_v1::PodTemplateSpec template_;
  template_.metadata.labels = {{"a", "b"}};
  std::string patch = template_patch(template_);
  auto value = schema::Value::parse(patch);
  ASSERT_TRUE(value) << patch;
  EXPECT_EQ(value->text_at({"spec", "template", "$patch"}), "replace");
  EXPECT_EQ(value->text_at({"spec", "template", "metadata", "labels", "a"}), "b");
}

INSTANTIATE_TEST_SUITE_P(Seeds, DaemonSetTest, ::testing::Values(1, 7));

}  // namespace
}  // namespace controller
