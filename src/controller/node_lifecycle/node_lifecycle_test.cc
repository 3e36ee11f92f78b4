#include "controller/node_lifecycle/node_lifecycle.h"

#include <gtest/gtest.h>

#include "api/coordination_k8s_io_v1.h"
#include "client/lease.h"
#include "client/testing/builders.h"
#include "controller/node_lifecycle/zones.h"
#include "controller/pod_gc/pod_gc.h"
#include "controller/taint_eviction/taint_eviction.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::Node;
using api::core_v1::Pod;
using api::core_v1::Taint;
using client::testing::pod;
using testing::Cluster;
using namespace std::chrono_literals;

class NodeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(5ms);
    cluster_.run({"node-lifecycle-controller", "taint-eviction-controller", "pod-garbage-collector-controller"});
  }
  void TearDown() override {
    beats_.clear();
    cluster_.scope.cancel();
  }
  void make(std::string name, bool beating = true) {
    Node node;
    node.metadata.name = name;
    for (std::string type : {"MemoryPressure", "DiskPressure", "PIDPressure", "Ready"}) {
      auto& condition = node.status.conditions.emplace_back();
      condition.type = type;
      condition.status = type == "Ready" ? "True" : "False";
      condition.last_heartbeat_time = condition.last_transition_time = cluster_.now();
    }
    cluster_.put(node);
    if (!beating) return;
    auto scope = std::make_unique<io::Scope>();
    cluster_.on_loop([&] { scope->spawn(client::keep_heartbeat(cluster_.client, cluster_.clock, {.name = name})); });
    beats_[name] = std::move(scope);
  }
  void silence(std::string name) {
    cluster_.on_loop([&] { beats_.erase(name); });
  }
  void set_ready(std::string name, std::string status) {
    cluster_.edit<Node>("", name, [&](Node& node) {
      for (auto& condition : node.status.conditions) {
        if (condition.type != "Ready") continue;
        condition.status = status;
        condition.last_heartbeat_time = cluster_.now();
      }
    });
  }
  std::string taints(std::string name) {
    std::vector<std::string> texts;
    for (const Taint& taint : cluster_.server.get<Node>("", name)->spec.taints)
      texts.push_back(taint.key.substr(taint.key.find('/') + 1) + ":" + taint.effect);
    std::sort(texts.begin(), texts.end());
    return base::join(texts, " ");
  }
  std::string ready(std::string name) {
    for (const auto& condition : cluster_.server.get<Node>("", name)->status.conditions) {
      if (condition.type == "Ready") return condition.status + " " + condition.reason;
    }
    return "";
  }
  Cluster cluster_;
  std::map<std::string, std::unique_ptr<io::Scope>> beats_;
};

TEST_F(NodeTest, NodesMayGoWhileTheyAreTainted) {
  constexpr int kNodes = 20;
  for (int i = 0; i < kNodes; ++i) make(base::cat({"n", std::to_string(i)}));
  cluster_.advance(1min);
  cluster_.server.set_fault([this](const client::Call& call) -> std::optional<base::Error> {
    if (call.method != "PATCH") return std::nullopt;
    auto path = call.target.substr(0, call.target.find('?'));
    std::string name = path.substr(path.rfind('/') + 1);
    io::Loop::current().post([this, name] { cluster_.server.erase<Node>("", name); });
    return std::nullopt;
  });
  for (int i = 0; i < kNodes; ++i) silence(base::cat({"n", std::to_string(i)}));
  cluster_.advance(10min);
  EXPECT_TRUE(cluster_.server.list<Node>().empty());
}

TEST_F(NodeTest, ANodeThatBeatsStaysAsItIs) {
  make("n1");
  cluster_.advance(10min);
  EXPECT_EQ(ready("n1"), "True ");
  EXPECT_EQ(taints("n1"), "");
  EXPECT_EQ(cluster_.events("n1"),
            (std::vector<std::string>{"RegisteredNode Node n1 event: Registered Node n1 in Controller"}));
}

TEST_F(NodeTest, ASilentNodeIsUnknownThenItsPodsGo) {
  make("n1");
  make("n2");
  Pod tolerant = pod("patient").on("n1").ready();
  auto& toleration = tolerant.spec.tolerations.emplace_back();
  toleration.key = "node.kubernetes.io/unreachable";
  toleration.operator_ = "Exists";
  toleration.effect = "NoExecute";
  toleration.toleration_seconds = 300;
  cluster_.put(tolerant);
  cluster_.put<Pod>(pod("plain").on("n1").ready());
  cluster_.advance(20s);
  silence("n1");
  cluster_.advance(30s);
  EXPECT_EQ(ready("n1"), "True ");
  cluster_.advance(35s);
  EXPECT_EQ(ready("n1"), "Unknown NodeStatusUnknown");
  EXPECT_EQ(taints("n1"), "unreachable:NoExecute unreachable:NoSchedule");
  EXPECT_EQ(taints("n2"), "");
  EXPECT_FALSE(is_ready(*cluster_.server.get<Pod>("default", "patient")));
  EXPECT_FALSE(cluster_.server.get<Pod>("default", "plain")->metadata.deletion_timestamp.is_zero());
  EXPECT_TRUE(cluster_.server.get<Pod>("default", "patient")->metadata.deletion_timestamp.is_zero());
  cluster_.advance(301s);
  auto patient = cluster_.server.get<Pod>("default", "patient");
  EXPECT_FALSE(patient->metadata.deletion_timestamp.is_zero());
  EXPECT_EQ(patient->status.conditions.back().reason, "DeletionByTaintManager");
}

TEST_F(NodeTest, ANodeThatComesBackLosesItsTaintsAndItsPodsStay) {
  make("n1");
  make("n2");
  Pod tolerant = pod("patient").on("n1").ready();
  auto& toleration = tolerant.spec.tolerations.emplace_back();
  toleration.operator_ = "Exists";
  toleration.toleration_seconds = 300;
  cluster_.put(tolerant);
  set_ready("n1", "False");
  cluster_.advance(2s);
  EXPECT_EQ(taints("n1"), "not-ready:NoExecute not-ready:NoSchedule");
  set_ready("n1", "True");
  cluster_.advance(10min);
  EXPECT_EQ(taints("n1"), "");
  EXPECT_TRUE(cluster_.server.get<Pod>("default", "patient")->metadata.deletion_timestamp.is_zero());
}

TEST_F(NodeTest, WhenAllNodesAreSilentNobodyIsEvicted) {
  make("n1");
  make("n2");
  cluster_.advance(20s);
  silence("n1");
  silence("n2");
  cluster_.advance(5min);
  EXPECT_EQ(ready("n1"), "Unknown NodeStatusUnknown");
  EXPECT_TRUE(taints("n1") == "unreachable:NoSchedule" || taints("n2") == "unreachable:NoSchedule");
}

TEST_F(NodeTest, WhenTheLastNodeFallsSilentThoseBeforeItAreSpared) {
  make("n1");
  make("n2");
  cluster_.advance(20s);
  silence("n1");
  cluster_.advance(60s);
  EXPECT_EQ(taints("n1"), "unreachable:NoExecute unreachable:NoSchedule");
  silence("n2");
  cluster_.advance(60s);
  EXPECT_EQ(taints("n1"), "unreachable:NoSchedule");
  EXPECT_EQ(taints("n2"), "unreachable:NoSchedule");
}

TEST_F(NodeTest, AZoneThatIsMostlyDownIsNotEmptiedAndAnotherIsInItsOwnTime) {
  auto place = [&](std::string name, std::string zone) {
    make(name);
    cluster_.edit<Node>("", name, [&](Node& node) { node.metadata.labels["topology.kubernetes.io/zone"] = zone; });
  };
  for (std::string name : {"a1", "a2", "a3", "a4"}) place(name, "a");
  for (std::string name : {"b1", "b2", "b3"}) place(name, "b");
  cluster_.advance(20s);
  for (std::string name : {"a1", "a2", "a3"}) set_ready(name, "False");
  cluster_.advance(2min);
  auto evicted = [&] {
    int count = 0;
    for (std::string name : {"a1", "a2", "a3"}) count += taints(name).contains("NoExecute") ? 1 : 0;
    return count;
  };
  EXPECT_LE(evicted(), 1);  // the first may have been given up before the others were known
  set_ready("b1", "False");
  set_ready("b2", "False");
  cluster_.advance(15s);
  EXPECT_EQ(taints("b1"), "not-ready:NoExecute not-ready:NoSchedule");
  EXPECT_EQ(taints("b2"), "not-ready:NoExecute not-ready:NoSchedule");
  // One less is no disruption any more.
  set_ready("a3", "True");
  cluster_.advance(30s);
  EXPECT_EQ(taints("a1"), "not-ready:NoExecute not-ready:NoSchedule");
  EXPECT_EQ(taints("a2"), "not-ready:NoExecute not-ready:NoSchedule");
}

TEST(Zones, StateIsByTheShareAndRateByStateAndSize) {
  using enum node_lifecycle::ZoneState;
  EXPECT_EQ(node_lifecycle::zone_state(0, 0, 0.55), Normal);
  EXPECT_EQ(node_lifecycle::zone_state(0, 1, 0.55), FullDisruption);
  EXPECT_EQ(node_lifecycle::zone_state(1, 2, 0.55), Normal);
  EXPECT_EQ(node_lifecycle::zone_state(2, 3, 0.55), PartialDisruption);
  EXPECT_EQ(node_lifecycle::zone_state(3, 3, 0.55), Normal);
  Options options;
  EXPECT_EQ(node_lifecycle::eviction_rate(Normal, 10, options), 0.1);
  EXPECT_EQ(node_lifecycle::eviction_rate(FullDisruption, 10, options), 0.1);
  EXPECT_EQ(node_lifecycle::eviction_rate(PartialDisruption, 50, options), 0);
  EXPECT_EQ(node_lifecycle::eviction_rate(PartialDisruption, 51, options), 0.01);
}

TEST_F(NodeTest, PressureAndCordonsAreTaints) {
  make("n1");
  cluster_.edit<Node>("", "n1", [](Node& node) {
    node.spec.unschedulable = true;
    node.status.conditions[0].status = "True";
    node.spec.taints.emplace_back().key = "example.com/own";
    node.spec.taints.back().effect = "NoSchedule";
  });
  cluster_.advance(2s);
  EXPECT_EQ(taints("n1"), "memory-pressure:NoSchedule own:NoSchedule unschedulable:NoSchedule");
}

TEST_F(NodeTest, PodsOfANodeThatIsGoneAreForcedOut) {
  make("n1", false);
  cluster_.put<Pod>(pod("a").on("n1").ready());
  Pod unbound = pod("b");
  unbound.metadata.finalizers = {"example.com/hold"};
  cluster_.put(unbound);
  cluster_.on_loop([&] { cluster_.server.erase<Node>("", "n1"); });
  cluster_.advance(30s);
  EXPECT_TRUE(cluster_.server.get<Pod>("default", "a"));
  cluster_.advance(15s);
  EXPECT_FALSE(cluster_.server.get<Pod>("default", "a"));
  EXPECT_TRUE(cluster_.server.get<Pod>("default", "b"));
}

TEST_F(NodeTest, PodsThatEndOnANodeThatIsOutOfServiceAreForcedOut) {
  make("n1", false);
  make("n2");
  auto ending = [&](std::string name) {
    Pod one = pod(name).on("n1").ready();
    one.metadata.deletion_timestamp = cluster_.now();
    one.metadata.deletion_grace_period_seconds = 30;
    cluster_.put(one);
  };
  ending("a");
  set_ready("n1", "False");
  cluster_.advance(10s);
  EXPECT_TRUE(cluster_.server.get<Pod>("default", "a"));
  cluster_.edit<Node>("", "n1", [](Node& node) {
    auto& taint = node.spec.taints.emplace_back();
    taint.key = "node.kubernetes.io/out-of-service";
    taint.effect = "NoExecute";
  });
  cluster_.advance(2s);
  EXPECT_FALSE(cluster_.server.get<Pod>("default", "a"));
  ending("b");
  cluster_.advance(2s);
  EXPECT_FALSE(cluster_.server.get<Pod>("default", "b"));
}

TEST(PodGc, OldestEndedPodsBeyondTheThresholdGo) {
  std::vector<PodPointer> pods;
  for (int i = 0; i < 5; i++) {
    Pod one = pod("p" + std::to_string(i)).phase(i == 3 ? "Running" : "Succeeded");
    one.metadata.creation_timestamp = {1000 - i, 0};
    if (i == 0) one.status.reason = "Evicted";
    pods.push_back(std::make_shared<const Pod>(std::move(one)));
  }
  auto surplus = surplus_of_ended(pods, 2);
  ASSERT_EQ(surplus.size(), 2u);
  EXPECT_EQ(surplus[0]->metadata.name, "p0");
  EXPECT_EQ(surplus[1]->metadata.name, "p4");
  EXPECT_TRUE(surplus_of_ended(pods, 0).empty());
}

TEST_F(NodeTest, PatienceWithATaintWithoutATimeBeginsWhenItIsSeen) {
  make("n1");
  auto set_taint = [&](bool there) {
    cluster_.edit<Node>("", "n1", [&](Node& node) {
      node.spec.taints.clear();
      if (!there) return;
      auto& taint = node.spec.taints.emplace_back();
      taint.key = "k";
      taint.effect = "NoExecute";
    });
  };
  Pod patient = pod("a").on("n1");
  auto& toleration = patient.spec.tolerations.emplace_back();
  toleration.key = "k";
  toleration.operator_ = "Exists";
  toleration.toleration_seconds = 10;
  cluster_.put(patient);
  auto has_to_leave = [&] { return !cluster_.server.get<Pod>("default", "a")->metadata.deletion_timestamp.is_zero(); };
  set_taint(true);
  cluster_.advance(8s);
  set_taint(false);
  cluster_.advance(8s);
  set_taint(true);
  cluster_.advance(8s);
  EXPECT_FALSE(has_to_leave());
  cluster_.advance(4s);
  EXPECT_TRUE(has_to_leave());
}

TEST(TaintEviction, TheLeastPatientTolerationCounts) {
  Taint taint;
  taint.key = "k";
  taint.effect = "NoExecute";
  taint.time_added = {1000, 0};
  Pod one = pod("a");
  base::Time now{1010, 0};
  EXPECT_EQ(eviction_time(one, {taint}, now), now);
  auto& forever = one.spec.tolerations.emplace_back();
  forever.key = "k";
  forever.operator_ = "Exists";
  EXPECT_EQ(eviction_time(one, {taint}, now), std::nullopt);
  auto& patient = one.spec.tolerations.emplace_back();
  patient.key = "k";
  patient.operator_ = "Exists";
  patient.toleration_seconds = 30;
  EXPECT_EQ(eviction_time(one, {taint}, now), (base::Time{1030, 0}));
}

}  // namespace
}  // namespace controller
