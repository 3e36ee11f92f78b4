#include "scheduler/core/placement.h"

#include <gtest/gtest.h>

#include "scheduler/core/testing.h"
#include "scheduler/plugin/list.h"

namespace scheduler {
namespace {

using PlacementTest = PlacementFixture;

TEST_F(PlacementTest, WithoutNodesItSaysSo) {
  EXPECT_EQ(place(PodBuilder("p")).message, "no nodes available to schedule pods");
}

TEST_F(PlacementTest, APodGoesWhereThereIsRoom) {
  add(NodeBuilder("small").cpu("1"));
  add(NodeBuilder("large").cpu("8"));
  EXPECT_EQ(place(PodBuilder("p").cpu("2")).node, "large");
}

TEST_F(PlacementTest, TheEmptierNodeIsPreferred) {
  add(NodeBuilder("busy"));
  add(NodeBuilder("free"));
  add(PodBuilder("there").cpu("2").memory("4Gi").on("busy"));
  EXPECT_EQ(place(PodBuilder("p").cpu("500m").memory("1Gi")).node, "free");
}

TEST_F(PlacementTest, AllReasonsAreCountedInUpstreamsWords) {
  add(NodeBuilder("a").cpu("1"));
  add(NodeBuilder("b").cpu("1").memory("1Gi"));
  add(NodeBuilder("c").taint("dedicated", "db", "NoSchedule"));
  add(NodeBuilder("d").cordoned());
  EXPECT_EQ(place(PodBuilder("p").cpu("2").memory("4Gi")).message,
            "0/4 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint {dedicated: db}, "
            "1 node(s) were unschedulable, 2 Insufficient cpu.");
}

TEST_F(PlacementTest, WhatOthersUseIsNotThere) {
  add(NodeBuilder("a").cpu("2"));
  add(PodBuilder("there").cpu("1500m").on("a"));
  auto placement = place(PodBuilder("p").cpu("1"));
  EXPECT_EQ(placement.message, "0/1 nodes are available: 1 Insufficient cpu.");
  EXPECT_TRUE(placement.wakers & Happening::PodRemoved);
  cache.remove_pod({"default", "there"});
  EXPECT_EQ(place(PodBuilder("p").cpu("1")).node, "a");
}

TEST_F(PlacementTest, AssumedPodsCountUntilTheyAreForgotten) {
  add(NodeBuilder("a").cpu("2"));
  cache.assume(make_pod_info(*PodBuilder("assumed").cpu("2").on("a").pod));
  EXPECT_EQ(place(PodBuilder("p").cpu("1")).node, "");
  cache.forget({"default", "assumed"});
  EXPECT_EQ(place(PodBuilder("p").cpu("1")).node, "a");
}

TEST_F(PlacementTest, ANodeHoldsSoManyPods) {
  add(NodeBuilder("a").pods("1"));
  add(PodBuilder("there").on("a"));
  EXPECT_NE(place(PodBuilder("p")).message.find("1 Too many pods"), std::string::npos);
}

TEST_F(PlacementTest, SelectorsPickByLabel) {
  add(NodeBuilder("hdd"));
  add(NodeBuilder("ssd").label("disk", "ssd"));
  EXPECT_EQ(place(PodBuilder("p").selecting("disk", "ssd")).node, "ssd");
  EXPECT_NE(place(PodBuilder("p").selecting("disk", "tape"))
                .message.find("2 node(s) didn't match Pod's node affinity/selector"),
            std::string::npos);
}

TEST_F(PlacementTest, TolerationsOpenTaintedAndCordonedNodes) {
  add(NodeBuilder("a").taint("dedicated", "db", "NoExecute").cordoned());
  EXPECT_EQ(place(PodBuilder("p").tolerating("dedicated")).node, "");
  EXPECT_EQ(place(PodBuilder("p").tolerating("dedicated").tolerating("node.kubernetes.io/unschedulable")).node, "a");
}

TEST_F(PlacementTest, PodsGoOnlyToNodesThatDeclareWhatTheyAskFor) {
  add(NodeBuilder("old"));
  PodBuilder builder("p");
  builder.pod->spec.containers.emplace_back().restart_policy_rules.emplace_back().action = "RestartAllContainers";
  auto placement = place(builder);
  EXPECT_EQ(placement.message, "0/1 nodes are available: 1 node(s) didn't match Pod's required features.");
  EXPECT_TRUE(placement.wakers & Happening::NodeFeaturesChanged);
  NodeBuilder young("young");
  young.node->status.declared_features = {"RestartAllContainersOnContainerExits"};
  add(young);
  EXPECT_EQ(place(builder).node, "young");
}

TEST_F(PlacementTest, AHostPortIsGivenOncePerNode) {
  add(NodeBuilder("a"));
  add(NodeBuilder("b"));
  add(PodBuilder("there").port(80).on("a"));
  EXPECT_EQ(place(PodBuilder("p").port(80)).node, "b");
  add(PodBuilder("too").port(80).on("b"));
  EXPECT_NE(
      place(PodBuilder("p").port(80)).message.find("2 node(s) didn't have free ports for the requested pod ports"),
      std::string::npos);
}

TEST_F(PlacementTest, ExpressionsCompareLabels) {
  add(NodeBuilder("old").label("generation", "2"));
  add(NodeBuilder("new").label("generation", "5"));
  PodBuilder builder("p");
  auto& required = builder.pod->spec.affinity.emplace()
                       .node_affinity.emplace()
                       .required_during_scheduling_ignored_during_execution.emplace();
  auto& expression = required.node_selector_terms.emplace_back().match_expressions.emplace_back();
  expression.key = "generation";
  expression.operator_ = "Gt";
  expression.values = {"3"};
  EXPECT_EQ(place(builder).node, "new");
}

TEST(Requests, InitContainersCountByTheirPeak) {
  PodBuilder builder("p");
  builder.cpu("1");
  auto& init = builder.pod->spec.init_containers.emplace_back();
  init.resources.requests["cpu"] = amount("3");
  EXPECT_EQ(requests_of(*builder.pod).milli_cpu, 3000);
}

TEST(Requests, SidecarsCountBesideWhatComesAfterThem) {
  PodBuilder builder("p");
  builder.cpu("1");
  auto& sidecar = builder.pod->spec.init_containers.emplace_back();
  sidecar.restart_policy = "Always";
  sidecar.resources.requests["cpu"] = amount("500m");
  auto& init = builder.pod->spec.init_containers.emplace_back();
  init.resources.requests["cpu"] = amount("2");
  EXPECT_EQ(requests_of(*builder.pod).milli_cpu, 2500);
}

TEST(Enough, LargeClustersAreSearchedInPart) {
  EXPECT_EQ(Placer::enough_of(10), 10u);
  EXPECT_EQ(Placer::enough_of(1000), 420u);
  EXPECT_EQ(Placer::enough_of(5000), 500u);
  EXPECT_EQ(Placer::enough_of(15000), 750u);
}

}  // namespace
}  // namespace scheduler
