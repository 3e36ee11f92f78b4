#include "scheduler/profile.h"

#include "scheduler/testing.h"

namespace scheduler {
namespace {

struct ProfileTest : testing::Test {
  Cache cache;
  Nominations nominations;
  base::SeededRandom random{7};
  Profile profile;

  void add(const NodeBuilder& builder) { cache.put_node(*builder.node); }
  void add(const PodBuilder& builder) { cache.put_pod(make_pod_info(*builder.pod)); }
  Placement place(const PodBuilder& builder) {
    Placer placer(make_plugins(profile), random, profile.nodes_share);
    return placer.place(*whole_pod_info(builder), cache, nominations);
  }
  // How good the node is for a pod that asks for that much of its cpu, of 10.
  int64_t score(const FitSettings& settings, std::string cpu) {
    NodeInfo node;
    node.set_node(*NodeBuilder("a").cpu("10").memory("10Gi").node);
    return score_fit(settings, *whole_pod_info(PodBuilder("p").cpu(cpu).memory("1Gi")), node);
  }
};

TEST_F(ProfileTest, PodsArePackedWhereTheStrategySaysSo) {
  add(NodeBuilder("empty"));
  add(NodeBuilder("half"));
  add(PodBuilder("there").cpu("2").memory("4Gi").on("half"));
  EXPECT_EQ(place(PodBuilder("p").cpu("1").memory("2Gi")).node, "empty");
  profile.fit.strategy = FitStrategy::MostAllocated;
  EXPECT_EQ(place(PodBuilder("p").cpu("1").memory("2Gi")).node, "half");
}

TEST_F(ProfileTest, AScoreFollowsItsShape) {
  FitSettings settings{.strategy = FitStrategy::RequestedToCapacityRatio,
                       .resources = {{"cpu"}},
                       .shape = {{20, 0}, {70, 100}, {90, 50}}};
  EXPECT_EQ(score(settings, "1"), 0);
  EXPECT_EQ(score(settings, "3"), 20);
  EXPECT_EQ(score(settings, "7"), 100);
  EXPECT_EQ(score(settings, "8"), 75);
  EXPECT_EQ(score(settings, "10"), 50);
}

TEST_F(ProfileTest, ResourcesWeighAsMuchAsTheyAreGiven) {
  // 60 % of the cpu and 90 % of the memory would be left.
  EXPECT_EQ(score({}, "4"), 75);
  EXPECT_EQ(score({.resources = {{"cpu", 3}, {"memory", 1}}}, "4"), 67);
  // A resource that neither the node has nor the pod asks for says nothing.
  EXPECT_EQ(score({.resources = {{"cpu"}, {"example.com/gpu", 5}}}, "4"), 60);
}

TEST_F(ProfileTest, PluginsThatAreLeftOutSayNothing) {
  add(NodeBuilder("tainted").taint("a", "b", "NoSchedule"));
  EXPECT_EQ(place(PodBuilder("p")).node, "");
  profile.plugins = {{"NodeName", {}}, {"NodeResourcesFit", {}}};
  EXPECT_EQ(place(PodBuilder("p")).node, "tainted");
}

TEST_F(ProfileTest, APluginCanScoreWithoutFiltering) {
  add(NodeBuilder("small").cpu("1"));
  add(NodeBuilder("smaller").cpu("500m"));
  EXPECT_EQ(place(PodBuilder("p").cpu("2")).node, "");
  profile.plugins = {{"NodeResourcesFit", {.filters = false}}};
  profile.fit.strategy = FitStrategy::MostAllocated;
  EXPECT_NE(place(PodBuilder("p").cpu("2")).node, "");
}

TEST_F(ProfileTest, IgnoredResourcesNeedNotBeThere) {
  add(NodeBuilder("a"));
  PodBuilder pod("p");
  pod.container().resources.requests["example.com/gpu"] = amount("1");
  EXPECT_EQ(place(pod).message, "0/1 nodes are available: 1 Insufficient example.com/gpu.");
  profile.fit.ignored_resources = {"example.com/gpu"};
  EXPECT_EQ(place(pod).node, "a");
  profile.fit.ignored_resources.clear();
  profile.fit.ignored_groups = {"example.com"};
  EXPECT_EQ(place(pod).node, "a");
}

TEST_F(ProfileTest, AddedAffinityHoldsForAllPods) {
  add(NodeBuilder("plain"));
  auto& term = profile.added_affinity.required_during_scheduling_ignored_during_execution.ensure()
                   .node_selector_terms.emplace_back();
  auto& wanted = term.match_expressions.emplace_back();
  wanted.key = "pool";
  wanted.operator_ = "In";
  wanted.values = {"batch"};
  EXPECT_EQ(place(PodBuilder("p")).message,
            "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.");
  add(NodeBuilder("batch").label("pool", "batch"));
  EXPECT_EQ(place(PodBuilder("p")).node, "batch");
}

TEST_F(ProfileTest, DefaultConstraintsSpreadThePodsOfOneController) {
  for (const char* zone : {"east", "west"}) add(NodeBuilder(zone).label("zone", zone));
  add(PodBuilder("one").owned_by("set").on("east"));
  auto& constraint = profile.default_constraints.emplace().emplace_back();
  constraint.topology_key = "zone";
  constraint.max_skew = 1;
  constraint.when_unsatisfiable = "DoNotSchedule";
  add(PodBuilder("full").on("west").cpu("4"));
  EXPECT_EQ(place(PodBuilder("two").owned_by("set").cpu("1")).message,
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints.");
  EXPECT_EQ(place(PodBuilder("other").owned_by("another").cpu("1")).node, "east");
  EXPECT_EQ(place(PodBuilder("alone").cpu("1")).node, "east");
}

struct ProfilesTest : SchedulerFixture {};

TEST_F(ProfilesTest, EachSchedulerNamePlacesAsItsProfileSays) {
  Profile packing{.name = "packing"};
  packing.fit.strategy = FitStrategy::MostAllocated;
  options.profiles.push_back(packing);
  run();
  put(*NodeBuilder("empty").node);
  put(*NodeBuilder("half").node);
  put(*PodBuilder("there").cpu("2").memory("4Gi").on("half").pod);
  for (std::string name : {"default-scheduler", "packing", "nobody"}) {
    PodBuilder pod(name);
    pod.cpu("1").memory("2Gi");
    pod.pod->spec.scheduler_name = name;
    put(*pod.pod);
  }
  auto node_of = [&](std::string name) { return world.server.get<api::core_v1::Pod>("default", name)->spec.node_name; };
  EXPECT_EQ(node_of("default-scheduler"), "empty");
  EXPECT_EQ(node_of("packing"), "half");
  EXPECT_EQ(node_of("nobody"), "");
}

}  // namespace
}  // namespace scheduler
