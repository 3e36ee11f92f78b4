#include "kubelet/server/node_metrics.h"

#include <gmock/gmock.h>

#include "kubelet/metrics/measured_runtime.h"
#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class NodeMetricsTest : public PodTest {
 protected:
  io::Task<void> ask(std::string* out) {
    NodeMetrics metrics(*pods_, *context_);
    *out = co_await metrics.text();
  }
  std::string text() {
    std::string out;
    scope_.spawn(ask(&out));
    loop_->run_until_idle();
    return out;
  }
};

TEST_F(NodeMetricsTest, PodsAndContainersAreCountedAsTheyStand) {
  core::Pod pod = PodBuilder("web").container("main").init("prepare");
  pod.metadata.creation_timestamp = base::Time::from_ns(clock_.wall_ns() - 4'000'000'000);
  start(pod);
  exit("prepare", 0);
  auto told = text();
  EXPECT_THAT(told, HasSubstr("kubelet_running_pods 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_running_containers{container_state=\"running\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_running_containers{container_state=\"exited\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_desired_pods{static=\"\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_working_pods{config=\"desired\",lifecycle=\"sync\",static=\"\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_node_name{node=\"node\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_started_pods_total 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_started_containers_total{container_type=\"container\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_started_containers_total{container_type=\"init_container\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_terminated_containers_total{container_type=\"init_container\",exit_code=\"0\","
                              "reason=\"Completed\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_pod_start_total_duration_seconds_sum 4\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_pod_start_duration_seconds_count 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_run_podsandbox_duration_seconds_count{runtime_handler=\"\"} 1\n"));
}

TEST_F(NodeMetricsTest, WhatImagesTakeIsNotThePodsOwnStart) {
  core::Pod pod = PodBuilder("web").container("main", "far:v1");
  pod.metadata.creation_timestamp = base::Time::from_ns(clock_.wall_ns());
  runtime.pullable = {"far:v1", "docker.io/library/far:v1"};
  start(pod);
  pass(3s);
  auto told = text();
  EXPECT_THAT(told, HasSubstr("kubelet_pod_start_total_duration_seconds_sum 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_pod_start_sli_duration_seconds_sum 0\n"));
}

TEST_F(NodeMetricsTest, AFailureIsCountedWithItsReason) {
  runtime.sandbox_error = "no network";
  start(PodBuilder("web").container("main"));
  auto told = text();
  EXPECT_THAT(told, HasSubstr("kubelet_started_pods_errors_total 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_run_podsandbox_errors_total{runtime_handler=\"\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_running_pods 0\n"));
}

TEST_F(NodeMetricsTest, CallsOfTheRuntimeAreCounted) {
  MeasuredRuntime measured(runtime, *context_->metrics);
  EXPECT_TRUE(loop_->run_task(measured.info()));
  EXPECT_FALSE(loop_->run_task(measured.container_status("none")));
  auto told = text();
  EXPECT_THAT(told, HasSubstr("kubelet_runtime_operations_total{operation_type=\"status\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("kubelet_runtime_operations_errors_total{operation_type=\"container_status\"} 1\n"));
  EXPECT_THAT(told, Not(HasSubstr("kubelet_runtime_operations_errors_total{operation_type=\"status\"}")));
  EXPECT_THAT(told, HasSubstr("kubelet_runtime_operations_duration_seconds_count{operation_type=\"status\"} 1\n"));
}

}  // namespace
}  // namespace kubelet
