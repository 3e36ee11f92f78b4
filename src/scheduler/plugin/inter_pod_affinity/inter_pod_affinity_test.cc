#include "scheduler/core/testing.h"

namespace scheduler {
namespace {

constexpr const char* kZone = "topology.kubernetes.io/zone";

struct AffinityTest : PlacementFixture {
  AffinityTest() {
    add(NodeBuilder("east-1").label(kZone, "east"));
    add(NodeBuilder("east-2").label(kZone, "east"));
    add(NodeBuilder("west").label(kZone, "west"));
    add(NodeBuilder("nowhere"));
  }
  static api::core_v1::PodAffinityTerm term(std::string app) {
    api::core_v1::PodAffinityTerm term;
    term.topology_key = kZone;
    term.label_selector.emplace().match_labels["app"] = app;
    return term;
  }
  static PodBuilder near(PodBuilder pod, api::core_v1::PodAffinityTerm term) {
    if (!pod.pod->spec.affinity) pod.pod->spec.affinity.emplace();
    if (!pod.pod->spec.affinity->pod_affinity) pod.pod->spec.affinity->pod_affinity.emplace();
    pod.pod->spec.affinity->pod_affinity->required_during_scheduling_ignored_during_execution.push_back(term);
    return pod;
  }
  static PodBuilder away(PodBuilder pod, api::core_v1::PodAffinityTerm term) {
    pod.pod->spec.affinity.emplace()
        .pod_anti_affinity.emplace()
        .required_during_scheduling_ignored_during_execution.push_back(term);
    return pod;
  }
  static PodBuilder rather(PodBuilder pod, api::core_v1::PodAffinityTerm term, bool near) {
    auto& affinity = pod.pod->spec.affinity.emplace();
    auto& weighted =
        near ? affinity.pod_affinity.emplace().preferred_during_scheduling_ignored_during_execution.emplace_back()
             : affinity.pod_anti_affinity.emplace().preferred_during_scheduling_ignored_during_execution.emplace_back();
    weighted.weight = 100;
    weighted.pod_affinity_term = term;
    return pod;
  }
};

TEST_F(AffinityTest, NearWhatItNeeds) {
  add(PodBuilder("cache").label("app", "cache").on("east-1"));
  auto node = place(near(PodBuilder("web"), term("cache"))).node;
  EXPECT_TRUE(node == "east-1" || node == "east-2") << node;
}

TEST_F(AffinityTest, NotWithoutWhatItNeeds) {
  EXPECT_EQ(place(near(PodBuilder("web"), term("cache"))).message,
            "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.");
}

TEST_F(AffinityTest, AllOfItHasToBeTheSamePods) {
  add(PodBuilder("a").label("app", "a").on("east-1"));
  add(PodBuilder("b").label("app", "b").on("east-1"));
  EXPECT_EQ(place(near(near(PodBuilder("web"), term("a")), term("b"))).node, "");
}

TEST_F(AffinityTest, TheFirstOfItsKindGoesWhereTheTopologyIs) {
  auto node = place(near(PodBuilder("db").label("app", "db"), term("db"))).node;
  EXPECT_TRUE(node == "east-1" || node == "east-2" || node == "west") << node;
}

TEST_F(AffinityTest, AwayFromWhatItDoesNotBear) {
  add(PodBuilder("noisy").label("app", "noisy").on("east-1"));
  add(PodBuilder("full").cpu("4").on("nowhere"));
  EXPECT_EQ(place(away(PodBuilder("quiet").cpu("1"), term("noisy"))).node, "west");
}

TEST_F(AffinityTest, AwayFromWhatDoesNotBearIt) {
  add(away(PodBuilder("quiet"), term("noisy")).on("west"));
  for (auto name : {"east-1", "east-2", "nowhere"}) {
    add(PodBuilder(std::string("full-") + name).cpu("4").on(name));
  }
  EXPECT_EQ(place(PodBuilder("noisy").label("app", "noisy").cpu("1")).message,
            "0/4 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules, 3 Insufficient cpu.");
  EXPECT_EQ(place(PodBuilder("other").cpu("1")).node, "west");
}

TEST_F(AffinityTest, OtherNamespacesOnlyWhenNamed) {
  add(PodBuilder("cache").in("shared").label("app", "cache").on("west"));
  EXPECT_EQ(place(near(PodBuilder("web"), term("cache"))).node, "");
  auto named = term("cache");
  named.namespaces = {"shared"};
  EXPECT_EQ(place(near(PodBuilder("web"), named)).node, "west");
  auto labelled = term("cache");
  labelled.namespace_selector.emplace().match_labels["team"] = "infra";
  EXPECT_EQ(place(near(PodBuilder("web"), labelled)).node, "");
  cache.put_namespace("shared", {{"team", "infra"}});
  EXPECT_EQ(place(near(PodBuilder("web"), labelled)).node, "west");
  auto any = term("cache");
  any.namespace_selector.emplace();
  EXPECT_EQ(place(near(PodBuilder("web"), any)).node, "west");
}

TEST_F(AffinityTest, PreferencesDecideAmongWhatFits) {
  add(PodBuilder("cache").label("app", "cache").on("west"));
  EXPECT_EQ(place(rather(PodBuilder("web"), term("cache"), true)).node, "west");
  for (int i = 0; i < 8; i++) EXPECT_NE(place(rather(PodBuilder("web"), term("cache"), false)).node, "west");
}

TEST_F(AffinityTest, PreferencesOfThosePlacedCountToo) {
  add(rather(PodBuilder("fan").label("app", "fan"), term("star"), true).on("west"));
  EXPECT_EQ(place(PodBuilder("star").label("app", "star")).node, "west");
}

}  // namespace
}  // namespace scheduler
