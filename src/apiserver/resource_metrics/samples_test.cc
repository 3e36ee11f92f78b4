#include "apiserver/resource_metrics/samples.h"

#include <gtest/gtest.h>

namespace apiserver::resource_metrics {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

NodeSamples container(double cpu, int64_t memory, int64_t at_s, int64_t started_s) {
  NodeSamples made;
  made.pods["default/web"]["app"] = {.at_ns = at_s * kSecond,
                                     .cpu_seconds = cpu,
                                     .memory_bytes = memory,
                                     .started_ns = started_s * kSecond,
                                     .has_cpu = true,
                                     .has_memory = true};
  return made;
}

TEST(Samples, NodesAndContainersAreReadWithTheirTimes) {
  auto read = read_samples(
      "# HELP node_cpu_usage_seconds_total [STABLE] Cumulative cpu time\n"
      "# TYPE node_cpu_usage_seconds_total counter\n"
      "node_cpu_usage_seconds_total 12.5 1700000000250\n"
      "node_memory_working_set_bytes 1.048576e+06 1700000000250\n"
      "container_cpu_usage_seconds_total{container=\"a\\\"b\",namespace=\"default\",pod=\"web\"} 0.25\n"
      "container_memory_working_set_bytes{container=\"a\\\"b\",namespace=\"default\",pod=\"web\"} 4096\n"
      "container_start_time_seconds{container=\"a\\\"b\",namespace=\"default\",pod=\"web\"} 1.6999999995e+09\n"
      "pod_cpu_usage_seconds_total{namespace=\"default\",pod=\"web\"} 9\n"
      "scrape_error 0\n",
      42);
  EXPECT_EQ(read.node.cpu_seconds, 12.5);
  EXPECT_EQ(read.node.memory_bytes, 1048576);
  EXPECT_EQ(read.node.at_ns, 1'700'000'000'250'000'000);
  const auto& app = read.pods.at("default/web").at("a\"b");
  EXPECT_EQ(app.cpu_seconds, 0.25);
  EXPECT_EQ(app.at_ns, 42);
  EXPECT_EQ(app.memory_bytes, 4096);
  EXPECT_EQ(app.started_ns, 1'699'999'999'500'000'000);
  EXPECT_EQ(read.pods.size(), 1u);
}

TEST(Samples, BrokenLinesAreLeftOut) {
  for (const char* text :
       {"node_cpu_usage_seconds_total", "node_cpu_usage_seconds_total x", "node_cpu_usage_seconds_total{a",
        "container_cpu_usage_seconds_total{pod=\"", "container_cpu_usage_seconds_total{pod=\"a\"",
        "container_cpu_usage_seconds_total{pod} 1", "node_cpu_usage_seconds_total NaN", " ", "{} 1"}) {
    auto read = read_samples(text, 1);
    EXPECT_FALSE(read.node.has_cpu) << text;
    EXPECT_TRUE(read.pods.empty()) << text;
  }
}

TEST(Samples, UseIsTheAverageBetweenTwoLooks) {
  auto usage = usage_between(container(10, 1, 100, 50), container(12, 4096, 110, 50));
  ASSERT_EQ(usage.pods.at("default/web").size(), 1u);
  const auto& app = usage.pods.at("default/web")[0];
  EXPECT_EQ(app.container, "app");
  EXPECT_EQ(app.nano_cores, 200'000'000);
  EXPECT_EQ(app.memory_bytes, 4096);
  EXPECT_EQ(app.window_ns, 10 * kSecond);
  EXPECT_EQ(app.at_ns, 110 * kSecond);
  EXPECT_FALSE(usage.node);
}

TEST(Samples, WhatBeganSinceIsAveragedSinceItsStart) {
  for (const auto& before : {container(10, 1, 100, 50), NodeSamples()}) {
    auto usage = usage_between(before, container(3, 4096, 110, 104));
    ASSERT_EQ(usage.pods.size(), 1u);
    EXPECT_EQ(usage.pods.at("default/web")[0].nano_cores, 500'000'000);
    EXPECT_EQ(usage.pods.at("default/web")[0].window_ns, 6 * kSecond);
  }
}

TEST(Samples, NothingIsToldOfCountersThatStandOrRunBack) {
  EXPECT_TRUE(usage_between(container(10, 1, 100, 50), container(10, 1, 100, 50)).pods.empty());
  EXPECT_TRUE(usage_between(container(10, 1, 100, 50), container(9, 1, 110, 50)).pods.empty());
}

}  // namespace
}  // namespace apiserver::resource_metrics
