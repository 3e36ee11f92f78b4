#include "base/metrics.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Metrics, TextIsSortedByNameAndLabels) {
  Metrics metrics;
  auto& requests = metrics.counters({"requests_total", "Requests\nanswered.", Stability::Stable, {"verb", "code"}});
  auto& depth = metrics.gauges({"depth", "What waits.", Stability::Alpha, {}});
  requests.with({"GET", "200"}).add();
  requests.with({"GET", "200"}).add(2);
  requests.with({"APPLY", "a\"b\\"}).add();
  depth.alone().set(-1.5);
  EXPECT_EQ(metrics.to_text(),
            "# HELP depth [ALPHA] What waits.\n"
            "# TYPE depth gauge\n"
            "depth -1.5\n"
            "# HELP requests_total [STABLE] Requests\\nanswered.\n"
            "# TYPE requests_total counter\n"
            "requests_total{verb=\"APPLY\",code=\"a\\\"b\\\\\"} 1\n"
            "requests_total{verb=\"GET\",code=\"200\"} 3\n");
}

TEST(Metrics, BucketsOfAHistogramAddUp) {
  Metrics metrics;
  auto& seconds = metrics.histograms({"seconds", "How long.", Stability::Beta, {"verb"}}, {0.1, 1});
  for (double value : {0.05, 0.1, 0.5, 3.0}) seconds.with({"GET"}).observe(value);
  EXPECT_EQ(metrics.to_text(),
            "# HELP seconds [BETA] How long.\n"
            "# TYPE seconds histogram\n"
            "seconds_bucket{verb=\"GET\",le=\"0.1\"} 2\n"
            "seconds_bucket{verb=\"GET\",le=\"1\"} 3\n"
            "seconds_bucket{verb=\"GET\",le=\"+Inf\"} 4\n"
            "seconds_sum{verb=\"GET\"} 3.65\n"
            "seconds_count{verb=\"GET\"} 4\n");
}

TEST(Metrics, WhatNobodyCountedIsLeftOut) {
  Metrics metrics;
  metrics.counters({"never_total", "Nothing.", Stability::Alpha, {}});
  EXPECT_EQ(metrics.to_text(), "");
}

TEST(Metrics, TheProcessIsLookedAtWhenAsked) {
  Metrics metrics;
  metrics.add_process();
  auto text = metrics.to_text();
  for (const char* name :
       {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_start_time_seconds ",
        "process_open_fds ", "process_max_fds ", "process_virtual_memory_bytes "}) {
    EXPECT_NE(text.find(std::string("\n") + name), std::string::npos) << name << text;
  }
  EXPECT_EQ(text.find("process_resident_memory_bytes 0\n"), std::string::npos);
}

}  // namespace
}  // namespace base
