#include "kubelet/pods/resize.h"

#include <gmock/gmock.h>

#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

base::Quantity amount(const std::string& text) {
  return *base::Quantity::parse(text);
}

class ResizeTest : public PodTest {
 protected:
  ResizeTest() { context_->allocatable = {{"cpu", amount("1")}, {"memory", amount("1Gi")}, {"pods", amount("10")}}; }

  static core::Pod sized(std::string name, const std::string& cpu) {
    PodBuilder builder(name);
    builder.container(name);
    set_cpu(builder.pod, cpu);
    return builder;
  }
  static void set_cpu(core::Pod& pod, const std::string& cpu) {
    auto& resources = pod.spec.containers[0].resources;
    resources.requests["cpu"] = resources.limits["cpu"] = amount(cpu);
    resources.requests["memory"] = resources.limits["memory"] = amount("64Mi");
  }
  void resize(const std::string& cpu) {
    set_cpu(pod_, cpu);
    ++pod_.metadata.generation;
    pods_->updated(pod_);
    loop_->run_until_idle();
  }
  std::string shown_cpu() { return container_status("web").resources->requests.at("cpu").to_string(); }
  std::string granted_cpu() { return container_status("web").allocated_resources.at("cpu").to_string(); }
  int64_t shares() { return runtime.newest("web")->config.linux->resources->cpu_shares; }
};

TEST_F(ResizeTest, AContainerGetsMoreWithoutBeingRestarted) {
  start(sized("web", "100m"));
  resize("200m");
  EXPECT_THAT(runtime.calls, Contains("update web"));
  EXPECT_EQ(shares(), 204);
  EXPECT_EQ(container_status("web").restart_count, 0);
  EXPECT_EQ(shown_cpu(), "200m");
  EXPECT_EQ(granted_cpu(), "200m");
  EXPECT_EQ(status().observed_generation, 2);
  EXPECT_EQ(condition("PodResizePending"), "");
  EXPECT_EQ(condition("PodResizeInProgress"), "");
  EXPECT_EQ(count_events("Normal ResizeCompleted"), 1U);
}

TEST_F(ResizeTest, APolicyOfRestartBeginsTheContainerAnew) {
  auto pod = sized("web", "100m");
  pod.spec.containers[0].resize_policy = {{.resource_name = "cpu", .restart_policy = "RestartContainer"}};
  start(pod);
  resize("50m");
  pass(1s);
  EXPECT_THAT(runtime.calls, Not(Contains("update web")));
  EXPECT_EQ(container_status("web").restart_count, 1);
  EXPECT_EQ(shares(), 51);
  EXPECT_EQ(shown_cpu(), "50m");
  EXPECT_EQ(condition("PodResizeInProgress"), "");
}

TEST_F(ResizeTest, WhatOthersUseIsWaitedFor) {
  start(sized("other", "800m"));
  auto other = pod_;
  start(sized("web", "100m"));
  resize("500m");
  EXPECT_EQ(condition("PodResizePending"), "True");
  EXPECT_EQ(find_condition(shown_, "PodResizePending")->reason, "Deferred");
  EXPECT_EQ(find_condition(shown_, "PodResizePending")->message,
            "Node didn't have enough resource: cpu, requested: 500, used: 800, capacity: 1000");
  EXPECT_EQ(granted_cpu(), "100m");
  other.metadata.deletion_timestamp = base::Time::from_ns(clock_.wall_ns());
  other.metadata.deletion_grace_period_seconds = 0;
  pods_->updated(other);
  pass(2s);
  api.statuses.erase(std::remove_if(api.statuses.begin(), api.statuses.end(),
                                    [](auto& one) { return one.container_statuses[0].name != "web"; }),
                     api.statuses.end());
  EXPECT_EQ(shares(), 512);
  EXPECT_EQ(shown_cpu(), "500m");
  EXPECT_EQ(condition("PodResizePending"), "");
}

TEST_F(ResizeTest, WhatTheNodeNeverHasIsInfeasible) {
  start(sized("web", "100m"));
  resize("2");
  EXPECT_EQ(condition("PodResizePending"), "True");
  EXPECT_EQ(find_condition(shown_, "PodResizePending")->reason, "Infeasible");
  EXPECT_EQ(find_condition(shown_, "PodResizePending")->message,
            "Node didn't have enough capacity: cpu, requested: 2000, capacity: 1000");
  EXPECT_EQ(shares(), 102);
  resize("100m");
  EXPECT_EQ(condition("PodResizePending"), "");
}

TEST_F(ResizeTest, AFailureIsToldAndTriedAgain) {
  start(sized("web", "100m"));
  runtime.update_error = "device busy";
  resize("200m");
  EXPECT_EQ(condition("PodResizeInProgress"), "True");
  EXPECT_EQ(find_condition(shown_, "PodResizeInProgress")->reason, "Error");
  EXPECT_THAT(find_condition(shown_, "PodResizeInProgress")->message, HasSubstr("device busy"));
  EXPECT_EQ(shown_cpu(), "100m");
  EXPECT_EQ(granted_cpu(), "200m");
  runtime.update_error.clear();
  pass(11s);
  EXPECT_EQ(shown_cpu(), "200m");
  EXPECT_EQ(condition("PodResizeInProgress"), "");
}

TEST_F(ResizeTest, ANewKubeletKeepsToWhatWasGranted) {
  start(sized("web", "100m"));
  resize("2");
  restart_kubelet();
  EXPECT_EQ(condition("PodResizePending"), "True");
  EXPECT_EQ(granted_cpu(), "100m");
  EXPECT_EQ(shares(), 102);
}

TEST(Resize, APodsGroupHoldsTheLargerOfBothWhileItChanges) {
  CgroupLimits small{.cpu_shares = 10, .cpu_quota_us = 1000, .memory_bytes = 5, .pids = {}};
  CgroupLimits large{.cpu_shares = 20, .cpu_quota_us = 500, .memory_bytes = {}, .pids = {}};
  auto both = larger(small, large);
  EXPECT_EQ(both.cpu_shares, 20);
  EXPECT_EQ(both.cpu_quota_us, 1000);
  EXPECT_FALSE(both.memory_bytes.has_value());
}

// A pod that says what it needs as a whole; its container says nothing.
core::Pod whole_pod(const std::string& cpu) {
  PodBuilder builder("web");
  builder.container("web");
  core::Pod pod = builder;
  auto& whole = pod.spec.resources.emplace();
  whole.requests["cpu"] = amount(cpu);
  whole.limits["cpu"] = amount(cpu);
  whole.limits["memory"] = whole.requests["memory"] = amount("64Mi");
  return pod;
}

TEST_F(ResizeTest, APodAsAWholeGetsMore) {
  start(whole_pod("200m"));
  EXPECT_EQ(status().allocated_resources.at("cpu").to_string(), "200m");
  EXPECT_EQ(status().resources->limits.at("cpu").to_string(), "200m");
  EXPECT_EQ(runtime.newest("web")->config.linux->resources->cpu_quota, 20'000);
  EXPECT_THAT(container_status("web").resources->limits, testing::IsEmpty());
  pod_.spec.resources->requests["cpu"] = pod_.spec.resources->limits["cpu"] = amount("400m");
  ++pod_.metadata.generation;
  pods_->updated(pod_);
  loop_->run_until_idle();
  EXPECT_EQ(status().allocated_resources.at("cpu").to_string(), "400m");
  EXPECT_EQ(status().resources->requests.at("cpu").to_string(), "400m");
  EXPECT_EQ(runtime.newest("web")->config.linux->resources->cpu_quota, 40'000);
  EXPECT_EQ(container_status("web").restart_count, 0);
  EXPECT_EQ(condition("PodResizeInProgress"), "");
  EXPECT_EQ(count_events("Normal ResizeCompleted"), 1U);
}

TEST_F(ResizeTest, APodWhoseContainersSayEnoughGetsMoreAsAWholeAlone) {
  auto pod = whole_pod("500m");
  set_cpu(pod, "100m");
  start(pod);
  pod_.spec.resources->requests["cpu"] = pod_.spec.resources->limits["cpu"] = amount("600m");
  ++pod_.metadata.generation;
  pods_->updated(pod_);
  loop_->run_until_idle();
  EXPECT_EQ(status().resources->limits.at("cpu").to_string(), "600m");
  EXPECT_THAT(runtime.calls, Not(Contains("update web")));
  EXPECT_EQ(count_events("Normal ResizeCompleted"), 1U);
}

TEST_F(ResizeTest, AWholeThatNeverFitsIsInfeasibleAndWhatWasGrantedStays) {
  start(whole_pod("200m"));
  pod_.spec.resources->requests["cpu"] = pod_.spec.resources->limits["cpu"] = amount("5");
  ++pod_.metadata.generation;
  pods_->updated(pod_);
  loop_->run_until_idle();
  EXPECT_EQ(status().allocated_resources.at("cpu").to_string(), "200m");
  EXPECT_EQ(condition("PodResizePending"), "True");
}

}  // namespace
}  // namespace kubelet
