#include "apiserver/flowcontrol/upkeep_plan.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

namespace flow = api::flowcontrol_apiserver_k8s_io_v1;

constexpr const char* kAutoUpdate = "apf.kubernetes.io/autoupdate-spec";

flow::FlowSchema schema(const std::string& name, const std::string& level, const std::string& auto_update = "true") {
  flow::FlowSchema made;
  made.metadata.name = name;
  made.metadata.generation = 1;
  if (!auto_update.empty()) made.metadata.annotations[kAutoUpdate] = auto_update;
  made.spec.priority_level_configuration.name = level;
  made.spec.matching_precedence = 100;
  return made;
}

flow::PriorityLevelConfiguration level(const std::string& name, int shares, const std::string& type = "Limited") {
  flow::PriorityLevelConfiguration made;
  made.metadata.name = name;
  made.metadata.annotations[kAutoUpdate] = "true";
  made.spec.type = type;
  if (type == "Limited") {
    made.spec.limited.emplace().nominal_concurrency_shares = shares;
  } else {
    made.spec.exempt.emplace().nominal_concurrency_shares = shares;
  }
  return made;
}

class FlowUpkeepPlan : public testing::Test {
 protected:
  FlowUpkeepPlan() {
    for (const auto& one : {schema("exempt", "exempt"), schema("suggested", "exempt")}) {
      wanted_.schemas[one.metadata.name] = one;
      there_.schemas[one.metadata.name] = one;
    }
    wanted_.levels["exempt"] = there_.levels["exempt"] = level("exempt", 0, "Exempt");
    carry_out();
  }
  std::vector<FlowRepair> plan() const { return plan_flow_upkeep(there_, wanted_, base::Time{7, 0}); }
  // What was done, in short; and it is done.
  std::string carry_out() {
    std::string told;
    for (const auto& one : plan()) {
      constexpr const char* kNames[] = {"create ", "replace ", "status ", "remove "};
      const auto& name = one.object.meta().name;
      told += kNames[static_cast<int>(one.what)] + name + "; ";
      const auto* flow_schema = one.object.get_if<flow::FlowSchema>();
      if (one.what == FlowRepair::What::Remove) {
        there_.schemas.erase(name);
      } else if (flow_schema) {
        there_.schemas[name] = *flow_schema;
      } else {
        there_.levels[name] = one.object.as<flow::PriorityLevelConfiguration>();
      }
    }
    return told;
  }
  const flow::FlowSchemaCondition& condition(const std::string& name) {
    return there_.schemas[name].status.conditions.at(0);
  }

  FlowObjects there_, wanted_;
};

TEST_F(FlowUpkeepPlan, WhatIsAsItShouldBeIsLeftAlone) {
  EXPECT_EQ(carry_out(), "");
}

TEST_F(FlowUpkeepPlan, WhatWasRemovedComesBack) {
  there_.levels.erase("exempt");
  there_.schemas.erase("suggested");
  EXPECT_EQ(carry_out().substr(0, 40), "create exempt; create suggested; status ");
}

TEST_F(FlowUpkeepPlan, MandatoryObjectsAreMendedWhateverTheySay) {
  auto& exempt = there_.schemas["exempt"];
  exempt.spec.matching_precedence = 5;
  exempt.metadata.annotations[kAutoUpdate] = "false";
  EXPECT_EQ(carry_out(), "replace exempt; ");
  EXPECT_EQ(there_.schemas["exempt"].spec.matching_precedence, 100);
  EXPECT_EQ(there_.schemas["exempt"].metadata.annotations[kAutoUpdate], "true");
}

TEST_F(FlowUpkeepPlan, TheSharesOfTheExemptLevelAreItsOwners) {
  there_.levels["exempt"].spec.exempt->nominal_concurrency_shares = 40;
  EXPECT_EQ(carry_out(), "");
}

TEST_F(FlowUpkeepPlan, SuggestedObjectsAreMendedUntilSomebodyTakesThemOver) {
  auto& suggested = there_.schemas["suggested"];
  suggested.spec.matching_precedence = 5;
  EXPECT_EQ(carry_out(), "replace suggested; ");
  suggested.spec.matching_precedence = 5;
  suggested.metadata.annotations[kAutoUpdate] = "false";
  EXPECT_EQ(carry_out(), "");
}

TEST_F(FlowUpkeepPlan, AChangedSuggestionThatSaysNothingIsKeptAndMarked) {
  auto& suggested = there_.schemas["suggested"];
  suggested.metadata.annotations.clear();
  suggested.metadata.generation = 2;
  suggested.spec.matching_precedence = 5;
  EXPECT_EQ(carry_out(), "replace suggested; ");
  EXPECT_EQ(suggested.spec.matching_precedence, 5);
  EXPECT_EQ(suggested.metadata.annotations[kAutoUpdate], "false");
}

TEST_F(FlowUpkeepPlan, WhatAnOlderReleaseShippedGoesUnlessItWasTakenOver) {
  there_.schemas["old"] = schema("old", "exempt");
  there_.schemas["taken"] = schema("taken", "exempt", "false");
  there_.schemas["own"] = schema("own", "exempt", "");
  EXPECT_NE(carry_out().find("remove old; "), std::string::npos);
  EXPECT_EQ(there_.schemas.size(), 4u);
}

TEST_F(FlowUpkeepPlan, ASchemaTellsWhetherItsLevelIsThere) {
  there_.schemas["own"] = schema("own", "mine", "");
  EXPECT_EQ(carry_out(), "status own; ");
  EXPECT_EQ(condition("own").type, "Dangling");
  EXPECT_EQ(condition("own").status, "True");
  EXPECT_EQ(condition("own").reason, "NotFound");
  EXPECT_EQ(condition("own").message,
            "This FlowSchema references the PriorityLevelConfiguration object named \"mine\" but there is no such "
            "object");
  EXPECT_EQ(condition("own").last_transition_time, (base::Time{7, 0}));
  there_.levels["mine"] = level("mine", 10);
  there_.levels["mine"].metadata.annotations.clear();
  EXPECT_EQ(carry_out(), "status own; ");
  EXPECT_EQ(condition("own").status, "False");
  EXPECT_EQ(condition("own").reason, "Found");
  EXPECT_EQ(condition("own").message,
            "This FlowSchema references the PriorityLevelConfiguration object named \"mine\" and it exists");
}

}  // namespace
}  // namespace apiserver
