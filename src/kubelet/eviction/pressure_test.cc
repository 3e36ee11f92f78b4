#include "kubelet/eviction/pressure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kubelet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000'000;

std::string parsed(ThresholdWords words) {
  auto done = parse_thresholds(words);
  return done ? "good" : done.error().message();
}

TEST(Thresholds, AmountsSharesAndGracePeriodsAreRead) {
  auto some = *parse_thresholds({.hard = {{"memory.available", "100Mi"}, {"nodefs.available", "10%"}},
                                 .soft = {{"memory.available", "1Gi"}},
                                 .soft_grace_period = {{"memory.available", "1m30s"}},
                                 .minimum_reclaim = {{"nodefs.available", "500Mi"}}});
  ASSERT_EQ(some.size(), 4U);
  EXPECT_EQ(some[0].limit.of(base::Quantity::of(1)).to_string(), "100Mi");
  EXPECT_EQ(some[1].limit.of(*base::Quantity::parse("20Gi")).to_string(), "2Gi");
  EXPECT_EQ(some[1].reclaim->amount.to_string(), "500Mi");
  EXPECT_EQ(some[2].grace_ns, 90 * kSecond);
  // What pods together may have runs low at the same amount.
  EXPECT_EQ(some[3].signal, Signal::AllocatableMemoryAvailable);
  EXPECT_EQ(some[3].limit, some[0].limit);
}

TEST(Thresholds, NothingAndAllStandForNoThreshold) {
  EXPECT_THAT(*parse_thresholds({.hard = {{"imagefs.available", "0%"}, {"nodefs.available", "100%"}},
                                 .soft = {},
                                 .soft_grace_period = {},
                                 .minimum_reclaim = {}}),
              IsEmpty());
}

TEST(Thresholds, NonsenseIsRefusedInUpstreamsWords) {
  EXPECT_EQ(parsed({.hard = {{"disk.available", "1Gi"}}}), "unrecognized eviction signal disk.available");
  EXPECT_EQ(parsed({.hard = {{"memory.available", "-1Mi"}}}),
            "eviction threshold memory.available must be positive: -1Mi");
  EXPECT_EQ(parsed({.hard = {{"nodefs.available", "110%"}}}),
            "eviction percentage threshold nodefs.available must be <= 100%: 110%");
  EXPECT_EQ(parsed({.soft = {{"memory.available", "1Gi"}}}),
            "grace period must be specified for the soft eviction threshold memory.available");
  EXPECT_EQ(parsed({.minimum_reclaim = {{"memory.available", "-1"}}}),
            "negative eviction minimum reclaim specified for memory.available");
  EXPECT_FALSE(parse_threshold_flag("memory.available=100Mi"));
  EXPECT_EQ((*parse_threshold_flag("memory.available<100Mi,nodefs.available<10%"))["nodefs.available"], "10%");
}

class PressureTest : public testing::Test {
 protected:
  void thresholds(ThresholdWords words) {
    words.enforce_pods = false;
    options_.thresholds = *parse_thresholds(words);
  }
  void see(std::string_view memory, std::string_view disk = "50Gi") {
    pressure_.look({{Signal::MemoryAvailable, {*base::Quantity::parse(memory), *base::Quantity::parse("8Gi")}},
                    {Signal::NodeFsAvailable, {*base::Quantity::parse(disk), *base::Quantity::parse("100Gi")}}},
                   now_ns_);
  }
  std::vector<std::string> due() const {
    std::vector<std::string> out;
    for (const auto& threshold : pressure_.due()) out.emplace_back(signal_name(threshold.signal));
    return out;
  }
  void pass(int64_t seconds) { now_ns_ += seconds * kSecond; }

  EvictionOptions options_;
  Pressure pressure_{options_};
  int64_t now_ns_ = 1000 * kSecond;
};

TEST_F(PressureTest, MemoryIsSeenToBeforeTheDisk) {
  see("1Gi");
  EXPECT_THAT(pressure_.conditions(), IsEmpty());
  see("50Mi", "5Gi");
  EXPECT_THAT(due(), ElementsAre("memory.available", "nodefs.available"));
  EXPECT_THAT(pressure_.conditions(), ElementsAre("DiskPressure", "MemoryPressure"));
}

TEST_F(PressureTest, SoftThresholdIsDueAfterItsGracePeriodAndIsAConditionAtOnce) {
  thresholds({.soft = {{"memory.available", "1Gi"}}, .soft_grace_period = {{"memory.available", "30s"}}});
  see("500Mi");
  EXPECT_THAT(pressure_.conditions(), ElementsAre("MemoryPressure"));
  EXPECT_THAT(due(), IsEmpty());
  pass(20);
  see("2Gi");
  pass(20);
  see("500Mi");  // it counts anew
  EXPECT_THAT(due(), IsEmpty());
  pass(30);
  see("500Mi");
  EXPECT_THAT(due(), ElementsAre("memory.available"));
}

TEST_F(PressureTest, ConditionHoldsForTheTransitionPeriod) {
  see("50Mi");
  pass(10);
  see("2Gi");
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_THAT(pressure_.conditions(), ElementsAre("MemoryPressure"));
  pass(289);
  see("2Gi");
  EXPECT_THAT(pressure_.conditions(), ElementsAre("MemoryPressure"));
  pass(1);
  see("2Gi");
  EXPECT_THAT(pressure_.conditions(), IsEmpty());
}

TEST_F(PressureTest, MinimumReclaimHasToBeGotBackToo) {
  thresholds({.hard = {{"memory.available", "1Gi"}}, .minimum_reclaim = {{"memory.available", "500Mi"}}});
  see("1200Mi");
  EXPECT_THAT(due(), IsEmpty());
  see("900Mi");
  see("1200Mi");
  EXPECT_THAT(due(), ElementsAre("memory.available"));
  see("1600Mi");
  EXPECT_THAT(due(), IsEmpty());
}

}  // namespace
}  // namespace kubelet
