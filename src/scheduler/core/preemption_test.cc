#include "scheduler/core/preemption.h"

#include <gmock/gmock.h>

#include "scheduler/core/testing.h"

namespace scheduler {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

struct PreemptionTest : PlacementFixture {
  std::vector<std::shared_ptr<const api::policy_v1::PodDisruptionBudget>> budgets;

  void guard(std::string label, int32_t allowed) {
    auto budget = std::make_shared<api::policy_v1::PodDisruptionBudget>();
    budget->metadata.namespace_ = "default";
    budget->spec.selector.emplace().match_labels["app"] = label;
    budget->status.disruptions_allowed = allowed;
    budgets.push_back(budget);
  }
  Preemption preempt(const PodBuilder& builder) {
    auto pod = whole_pod_info(builder);
    auto placement = placer.place(*pod, cache, nominations);
    EXPECT_EQ(placement.node, "") << "it has a place without";
    return find_preemption({placer.plugins(), *pod, cache, nominations, placement.evictable, budgets}, random);
  }
  std::string why_not(const PodBuilder& builder) {
    return why_it_may_not_preempt(*whole_pod_info(builder), cache, nominations);
  }
  static std::vector<std::string> names(const Preemption& preemption) {
    std::vector<std::string> out;
    for (const auto& victim : preemption.victims) out.push_back(victim->key.name);
    return out;
  }
};

TEST_F(PreemptionTest, TheLessImportantGo) {
  add(NodeBuilder("a").cpu("2"));
  add(PodBuilder("low").cpu("1").priority(1).on("a"));
  add(PodBuilder("equal").cpu("1").priority(100).on("a"));
  auto found = preempt(PodBuilder("p").cpu("1").priority(100));
  EXPECT_EQ(found.node, "a");
  EXPECT_THAT(names(found), ElementsAre("low"));
}

TEST_F(PreemptionTest, NoMoreGoThanMust) {
  add(NodeBuilder("a").cpu("4"));
  add(PodBuilder("one").cpu("1").priority(3).on("a"));
  add(PodBuilder("two").cpu("2").priority(2).on("a"));
  add(PodBuilder("three").cpu("1").priority(1).on("a"));
  EXPECT_THAT(names(preempt(PodBuilder("p").cpu("1").priority(100))), ElementsAre("three"));
  EXPECT_THAT(names(preempt(PodBuilder("p").cpu("2").priority(100))), ElementsAre("two"));
}

TEST_F(PreemptionTest, OfEqualsTheYoungestGoes) {
  add(NodeBuilder("a").cpu("2"));
  add(PodBuilder("old").cpu("1").started(100).on("a"));
  add(PodBuilder("young").cpu("1").started(200).on("a"));
  EXPECT_THAT(names(preempt(PodBuilder("p").cpu("1").priority(1))), ElementsAre("young"));
}

TEST_F(PreemptionTest, TheNodeWhoseVictimsMatterLeast) {
  add(NodeBuilder("a").cpu("1"));
  add(NodeBuilder("b").cpu("1"));
  add(PodBuilder("on-a").cpu("1").priority(5).on("a"));
  add(PodBuilder("on-b").cpu("1").priority(4).on("b"));
  auto found = preempt(PodBuilder("p").cpu("1").priority(100));
  EXPECT_EQ(found.node, "b");
}

TEST_F(PreemptionTest, FewerVictimsAreBetter) {
  add(NodeBuilder("a").cpu("2"));
  add(NodeBuilder("b").cpu("2"));
  for (auto name : {"a1", "a2"}) add(PodBuilder(name).cpu("1").on("a"));
  add(PodBuilder("b1").cpu("2").on("b"));
  auto found = preempt(PodBuilder("p").cpu("2").priority(100));
  EXPECT_THAT(names(found), ElementsAre("b1"));
}

TEST_F(PreemptionTest, BudgetsAreSparedWhereTheyCanBe) {
  add(NodeBuilder("a").cpu("1"));
  add(NodeBuilder("b").cpu("1"));
  add(PodBuilder("guarded").label("app", "db").cpu("1").priority(1).on("a"));
  add(PodBuilder("other").cpu("1").priority(50).on("b"));
  guard("db", 0);
  EXPECT_THAT(names(preempt(PodBuilder("p").cpu("1").priority(100))), ElementsAre("other"));
}

TEST_F(PreemptionTest, ABudgetIsBrokenWhenThereIsNoOtherWay) {
  add(NodeBuilder("a").cpu("1"));
  add(PodBuilder("guarded").label("app", "db").cpu("1").on("a"));
  guard("db", 0);
  EXPECT_THAT(names(preempt(PodBuilder("p").cpu("1").priority(100))), ElementsAre("guarded"));
}

TEST_F(PreemptionTest, WithoutVictimsItSaysSo) {
  add(NodeBuilder("a").cpu("2"));
  add(NodeBuilder("small").cpu("1"));
  add(PodBuilder("there").cpu("1500m").priority(100).on("a"));
  EXPECT_EQ(preempt(PodBuilder("p").cpu("2").priority(100)).message,
            "0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for "
            "scheduling.");
}

TEST_F(PreemptionTest, WhatStillStandsInTheWayIsNamed) {
  add(NodeBuilder("a").cpu("2"));
  add(PodBuilder("high").cpu("1500m").priority(200).on("a"));
  add(PodBuilder("low").cpu("500m").on("a"));
  EXPECT_EQ(preempt(PodBuilder("p").cpu("2").priority(100)).message, "0/1 nodes are available: 1 Insufficient cpu.");
}

TEST_F(PreemptionTest, PodsThatDoNotBearItGo) {
  add(NodeBuilder("a").label("kubernetes.io/hostname", "a"));
  PodBuilder loner("loner");
  auto& term = loner.pod->spec.affinity.emplace()
                   .pod_anti_affinity.emplace()
                   .required_during_scheduling_ignored_during_execution.emplace_back();
  term.topology_key = "kubernetes.io/hostname";
  term.label_selector.emplace();
  add(loner.on("a"));
  add(PodBuilder("bystander").on("a"));
  EXPECT_THAT(names(preempt(PodBuilder("p").priority(1))), ElementsAre("loner"));
}

TEST_F(PreemptionTest, AClearedNodeIsKeptForWhomItWasCleared) {
  add(NodeBuilder("a").cpu("1"));
  PodBuilder preemptor = PodBuilder("p").cpu("1").priority(100);
  nominations.put(whole_pod_info(preemptor), "a");
  EXPECT_EQ(place(PodBuilder("low").cpu("1")).node, "");
  EXPECT_EQ(place(PodBuilder("higher").cpu("1").priority(200)).node, "a");
  EXPECT_EQ(place(preemptor).node, "a");
}

TEST_F(PreemptionTest, WhoMayNot) {
  add(NodeBuilder("a").cpu("1"));
  add(PodBuilder("going").cpu("1").ending().on("a"));
  PodBuilder polite("polite");
  polite.pod->spec.preemption_policy = "Never";
  EXPECT_EQ(why_not(polite), "not eligible due to preemptionPolicy=Never.");
  PodBuilder waiting = PodBuilder("waiting").cpu("1").priority(1);
  EXPECT_EQ(why_not(waiting), "");
  nominations.put(whole_pod_info(waiting), "a");
  EXPECT_EQ(why_not(waiting), "not eligible due to a terminating pod on the nominated node.");
}

}  // namespace
}  // namespace scheduler
