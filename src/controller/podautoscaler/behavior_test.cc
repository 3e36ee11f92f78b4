#include "controller/podautoscaler/behavior.h"

#include <gtest/gtest.h>

namespace controller::autoscaling {
namespace {

using api::autoscaling_v2::HorizontalPodAutoscalerBehavior;
using api::autoscaling_v2::HPAScalingRules;

class BehaviorTest : public ::testing::Test {
 protected:
  // "size reason-of-limit"; the workload takes the size.
  std::string wish(int32_t desired, int64_t at_seconds) {
    base::Time now{100'000 + at_seconds, 0};
    const auto* behavior = behavior_ ? &*behavior_ : nullptr;
    Settled settled = settle(history_, behavior, {.min = 1, .max = 100}, current_, desired, 300, now);
    history_.note_scaled(current_, settled.replicas, now);
    current_ = settled.replicas;
    able_ = settled.able.reason;
    return std::to_string(settled.replicas) + " " + std::string(settled.limited.reason);
  }
  HPAScalingRules rules(std::string_view type, int32_t value, int32_t period, int32_t window = 0) {
    HPAScalingRules made;
    made.stabilization_window_seconds = window;
    made.select_policy = "Max";
    made.policies.push_back({.type = std::string(type), .value = value, .period_seconds = period});
    return made;
  }
  void behave(HPAScalingRules up, HPAScalingRules down) {
    behavior_.emplace();
    behavior_->scale_up = std::move(up);
    behavior_->scale_down = std::move(down);
  }
  History history_;
  int32_t current_ = 10;
  std::string able_;
  std::optional<HorizontalPodAutoscalerBehavior> behavior_;
};

TEST_F(BehaviorTest, ByDefaultItDoublesAtMostAndShrinksWhenTheHighestWishIsOld) {
  EXPECT_EQ(wish(50, 0), "20 ScaleUpLimit");
  EXPECT_EQ(wish(300, 15), "40 ScaleUpLimit");
  EXPECT_EQ(wish(300, 30), "80 ScaleUpLimit");
  EXPECT_EQ(wish(300, 45), "100 TooManyReplicas");
  EXPECT_EQ(wish(5, 60), "100 TooManyReplicas");
  EXPECT_EQ(able_, "ScaleDownStabilized");
  EXPECT_EQ(wish(5, 346), "5 DesiredWithinRange");
  EXPECT_EQ(able_, "ReadyForNewScale");
  EXPECT_EQ(wish(0, 700), "1 TooFewReplicas");
}

TEST_F(BehaviorTest, RatesHoldOverTheirPeriod) {
  behave(rules("Pods", 4, 60), rules("Percent", 10, 60));
  EXPECT_EQ(wish(50, 0), "14 ScaleUpLimit");
  EXPECT_EQ(wish(50, 15), "14 ScaleUpLimit");
  EXPECT_EQ(wish(50, 61), "18 ScaleUpLimit");
  EXPECT_EQ(wish(2, 200), "16 ScaleDownLimit");
  EXPECT_EQ(wish(2, 215), "16 ScaleDownLimit");
}

TEST_F(BehaviorTest, TheGentlestOrNoPolicyCanBeChosen) {
  auto up = rules("Pods", 4, 60);
  up.policies.push_back({.type = "Percent", .value = 100, .period_seconds = 60});
  auto gentle = up;
  gentle.select_policy = "Min";
  auto never = rules("Pods", 1, 60);
  never.select_policy = "Disabled";
  behave(up, never);
  EXPECT_EQ(wish(50, 0), "20 ScaleUpLimit");
  EXPECT_EQ(wish(1, 100), "20 ScaleDownLimit");
  behave(gentle, never);
  EXPECT_EQ(wish(50, 200), "24 ScaleUpLimit");
}

TEST_F(BehaviorTest, WindowsTakeTheMostCautiousWish) {
  behave(rules("Pods", 100, 15, 60), rules("Pods", 100, 15, 120));
  EXPECT_EQ(wish(10, 0), "10 DesiredWithinRange");
  EXPECT_EQ(wish(30, 30), "10 DesiredWithinRange");
  EXPECT_EQ(able_, "ScaleUpStabilized");
  EXPECT_EQ(wish(30, 70), "30 DesiredWithinRange");
  EXPECT_EQ(wish(5, 100), "30 DesiredWithinRange");
  EXPECT_EQ(able_, "ScaleDownStabilized");
  EXPECT_EQ(wish(5, 200), "5 DesiredWithinRange");
}

}  // namespace
}  // namespace controller::autoscaling
