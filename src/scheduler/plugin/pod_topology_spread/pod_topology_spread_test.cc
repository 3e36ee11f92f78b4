#include "scheduler/core/testing.h"

namespace scheduler {
namespace {

constexpr const char* kZone = "topology.kubernetes.io/zone";
constexpr const char* kHostname = "kubernetes.io/hostname";

struct SpreadTest : PlacementFixture {
  void add_node(std::string name, std::string zone) {
    NodeBuilder node(name);
    node.label(kHostname, name);
    if (!zone.empty()) node.label(kZone, zone);
    add(node);
  }
  static PodBuilder web(std::string name) { return PodBuilder(name).label("app", "web"); }
  static api::core_v1::TopologySpreadConstraint& constrain(PodBuilder& pod, std::string key, std::string otherwise) {
    auto& made = pod.pod->spec.topology_spread_constraints.emplace_back();
    made.max_skew = 1;
    made.topology_key = key;
    made.when_unsatisfiable = otherwise;
    made.label_selector.emplace().match_labels["app"] = "web";
    return made;
  }
  static PodBuilder strictly(PodBuilder pod, std::string key = kZone) {
    constrain(pod, key, "DoNotSchedule");
    return pod;
  }
};

TEST_F(SpreadTest, TheEmptierZoneGetsIt) {
  add_node("e", "east");
  add_node("w", "west");
  add(web("1").on("e"));
  EXPECT_EQ(place(strictly(web("p"))).node, "w");
  add(web("2").on("w"));
  EXPECT_NE(place(strictly(web("p"))).node, "");
}

TEST_F(SpreadTest, AFullZoneHoldsUpTheOthers) {
  add_node("e", "east");
  add_node("w", "west");
  add(web("1").on("e"));
  add(PodBuilder("full").cpu("4").on("w"));
  EXPECT_EQ(place(strictly(web("p").cpu("1"))).message,
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints.");
}

TEST_F(SpreadTest, NodesWithoutTheTopologyWillNotDo) {
  add_node("lost", "");
  auto placement = place(strictly(web("p")));
  EXPECT_EQ(
      placement.message,
      "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).");
  EXPECT_TRUE(placement.evictable.empty());
}

TEST_F(SpreadTest, OnlyItsLikesCount) {
  add_node("e", "east");
  add_node("w", "west");
  add(PodBuilder("other").on("e"));
  add(web("elsewhere").in("shop").on("e"));
  add(web("going").ending().on("e"));
  add(PodBuilder("full").cpu("4").on("w"));
  EXPECT_EQ(place(strictly(web("p").cpu("1"))).node, "e");
}

TEST_F(SpreadTest, FewDomainsCountAsUneven) {
  add_node("e", "east");
  add(web("1").on("e"));
  PodBuilder pod = web("p");
  auto& constraint = constrain(pod, kZone, "DoNotSchedule");
  EXPECT_EQ(place(pod).node, "e");
  constraint.min_domains = 2;
  EXPECT_EQ(place(pod).node, "");
}

TEST_F(SpreadTest, NodesThatThePodExcludesAreNotCounted) {
  add_node("e", "east");
  add_node("w", "west");
  add(web("1").on("e"));
  PodBuilder pod = web("p").selecting(kZone, "east");
  auto& constraint = constrain(pod, kZone, "DoNotSchedule");
  EXPECT_EQ(place(pod).node, "e");
  constraint.node_affinity_policy = "Ignore";
  EXPECT_EQ(place(pod).node, "");
}

TEST_F(SpreadTest, TaintedNodesCountUnlessSaidOtherwise) {
  add_node("e", "east");
  add(NodeBuilder("w").label(kZone, "west").taint("dedicated", "db", "NoSchedule"));
  add(web("1").on("e"));
  PodBuilder pod = web("p");
  auto& constraint = constrain(pod, kZone, "DoNotSchedule");
  EXPECT_EQ(place(pod).node, "");
  constraint.node_taints_policy = "Honor";
  EXPECT_EQ(place(pod).node, "e");
}

TEST_F(SpreadTest, WhatMayBeBrokenIsKeptWherePossible) {
  add_node("e", "east");
  add_node("w", "west");
  for (auto name : {"1", "2"}) add(web(name).on("e"));
  add(PodBuilder("busy").cpu("1").memory("1Gi").on("w"));
  PodBuilder pod = web("p");
  constrain(pod, kZone, "ScheduleAnyway");
  EXPECT_EQ(place(pod).node, "w");
  add(PodBuilder("full").cpu("3").on("w"));
  EXPECT_EQ(place(pod.cpu("1")).node, "e");
}

TEST_F(SpreadTest, PodsOfOneControllerSpreadOfThemselves) {
  add_node("a", "");
  add_node("b", "");
  add(PodBuilder("1").owned_by("set").on("a"));
  add(PodBuilder("other").owned_by("another").cpu("100m").memory("200Mi").on("b"));
  EXPECT_EQ(place(PodBuilder("p").owned_by("set")).node, "b");
}

}  // namespace
}  // namespace scheduler
