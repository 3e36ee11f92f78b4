#include "controller/podautoscaler/replicas.h"

#include <gtest/gtest.h>

#include "base/quantity.h"
#include "client/testing/builders.h"

namespace controller::autoscaling {
namespace {

using api::core_v1::Pod;
using base::Quantity;

constexpr int64_t kNow = 1'000'000;

// Pods p0, p1... that have been ready for long and request 1000m each.
class ReplicasTest : public ::testing::Test {
 protected:
  void pods(int count) {
    for (int i = 0; i < count; ++i) add("p" + std::to_string(i));
  }
  Pod& add(const std::string& name) {
    auto pod = std::make_shared<Pod>(client::testing::PodBuilder(name).ready(true, base::Time{kNow - 5000, 0}));
    pod->status.start_time = base::Time{kNow - 6000, 0};
    pod->spec.containers[0].resources.requests["cpu"] = *Quantity::parse("1");
    workload_.pods.push_back(pod);
    workload_.replicas = static_cast<int32_t>(workload_.pods.size());
    return *pod;
  }
  static Samples used(std::initializer_list<int64_t> milli) {
    Samples samples;
    int i = 0;
    for (int64_t one : milli)
      samples["p" + std::to_string(i++)] = {.milli = one, .at = base::Time{kNow - 10, 0}, .window_seconds = 30};
    return samples;
  }
  int32_t by_use(Samples samples, int32_t target) {
    auto proposal = by_utilization(workload_, std::move(samples), "cpu", "", target);
    return proposal ? proposal->replicas : -1;
  }
  std::string error_of_use(Samples samples) {
    auto proposal = by_utilization(workload_, std::move(samples), "cpu", "", 50);
    return proposal ? "" : proposal.error().message();
  }
  Workload workload_{.now = base::Time{kNow, 0}};
};

TEST_F(ReplicasTest, FollowTheRatioOfUseToTarget) {
  pods(3);
  EXPECT_EQ(by_use(used({300, 500, 700}), 30), 5);
  EXPECT_EQ(by_use(used({100, 100, 100}), 50), 1);
  auto proposal = by_utilization(workload_, used({300, 500, 700}), "cpu", "", 30);
  ASSERT_TRUE(proposal);
  EXPECT_EQ(proposal->utilization, 50);
  EXPECT_EQ(proposal->milli, 500);
}

TEST_F(ReplicasTest, StayWithinTheToleranceOfEachDirection) {
  pods(3);
  EXPECT_EQ(by_use(used({1010, 1030, 1020}), 100), 3);
  EXPECT_EQ(by_use(used({920, 910, 930}), 100), 3);
  workload_.tolerance.up = 0;
  EXPECT_EQ(by_use(used({1010, 1030, 1020}), 100), 4);
  EXPECT_EQ(by_use(used({920, 910, 930}), 100), 3);
}

TEST_F(ReplicasTest, PodsThatSayNothingHoldTheSizeBack) {
  pods(4);
  // Were the silent ones idle, three would do for what the others use: no growth to 6.
  EXPECT_EQ(by_use(used({750, 750}), 50), 4);
  // Were they fully busy, not one could go.
  EXPECT_EQ(by_use(used({100, 100}), 50), 4);
}

TEST_F(ReplicasTest, PodsThatStartDoNotCountAsBusy) {
  pods(2);
  Pod& young = add("p2");
  young.status.start_time = base::Time{kNow - 60, 0};
  young.status.conditions[0].status = "False";
  // It burns a whole processor to start up; only the others' use counts, shared by all three.
  EXPECT_EQ(by_use(used({600, 600, 1000}), 30), 4);
  young.status.phase = "Pending";
  EXPECT_EQ(by_use(used({600, 600}), 30), 4);
}

TEST_F(ReplicasTest, PodsThatEndAreNoPods) {
  pods(3);
  const_cast<Pod&>(*workload_.pods[2]).status.phase = "Failed";
  EXPECT_EQ(by_use(used({500, 500, 500}), 50), 3);
  EXPECT_EQ(by_use(used({100, 100, 5000}), 50), 1);
}

TEST_F(ReplicasTest, WhatCannotBeSaidIsToldInUpstreamsWords) {
  EXPECT_EQ(error_of_use({}), "no pods returned by selector while calculating replica count");
  pods(1);
  EXPECT_EQ(error_of_use({}), "did not receive metrics for targeted pods (pods might be unready)");
  const_cast<Pod&>(*workload_.pods[0]).spec.containers[0].resources.requests.clear();
  EXPECT_EQ(error_of_use(used({1})), "missing request for cpu in container main of Pod p0");
  EXPECT_EQ(by_utilization(workload_, used({1}), "cpu", "other", 50).error().message(),
            "container other not found in Pod p0");
}

TEST_F(ReplicasTest, AveragesAndValuesOfOtherMetrics) {
  pods(3);
  EXPECT_EQ(by_average(workload_, used({20'000, 10'000, 30'000}), "", 15'000)->replicas, 4);
  EXPECT_EQ(by_value(workload_, 20'000, 15'000)->replicas, 4);
  EXPECT_EQ(by_value(workload_, 15'500, 15'000)->replicas, 3);
  auto share = by_share(workload_, 3, 90'000, 15'000);
  EXPECT_EQ(share.replicas, 6);
  EXPECT_EQ(share.milli, 30'000);
  workload_.replicas = 0;
  EXPECT_EQ(by_value(workload_, 30'000, 15'000)->replicas, 2);
  EXPECT_EQ(by_share(workload_, 0, 30'000, 15'000).replicas, 2);
}

}  // namespace
}  // namespace controller::autoscaling
