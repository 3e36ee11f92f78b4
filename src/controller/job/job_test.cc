#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/job/indexes.h"
#include "controller/job/plan.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::batch_v1::Job;
using api::core_v1::Pod;
using testing::Cluster;
using namespace std::chrono_literals;

Job make_job(std::string name, std::string image, std::optional<int32_t> completions = 1, int32_t parallelism = 1) {
  Job job;
  job.metadata.name = name;
  job.metadata.namespace_ = "default";
  job.spec.completions = completions;
  job.spec.parallelism = parallelism;
  job.spec.backoff_limit = 6;
  job.spec.template_.spec.restart_policy = "Never";
  job.spec.template_.spec.containers.emplace_back().image = image;
  return job;
}

class JobTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(50ms);
    cluster_.run({"job-controller", "ttl-after-finished-controller"});
    cluster_.run_nodes({"n1"});
  }
  void TearDown() override { cluster_.scope.cancel(); }
  Job job() { return *cluster_.server.get<Job>("default", "work"); }
  std::string conditions() {
    std::vector<std::string> texts;
    for (const auto& one : job().status.conditions) {
      if (one.status == "True") texts.push_back(one.type + ":" + one.reason);
    }
    return base::join(texts, " ");
  }
  bool finish(io::Duration limit = 30min) {
    return cluster_.advance_until([this] { return job::is_finished(job()); }, limit, 500ms);
  }
  size_t created() const {
    return static_cast<size_t>(std::count(cluster_.server.writes().begin(), cluster_.server.writes().end(),
                                          "POST /api/v1/namespaces/default/pods"));
  }
  Cluster cluster_{GetParam()};
};

TEST_P(JobTest, RunsUntilEnoughHaveSucceeded) {
  cluster_.put(make_job("work", "exits", 7, 3));
  size_t most = 0;
  ASSERT_TRUE(cluster_.advance_until(
      [&] {
        most = std::max(most, cluster_.active_pods().size());
        return job::is_finished(job());
      },
      10min));
  EXPECT_EQ(conditions(), "SuccessCriteriaMet:CompletionsReached Complete:CompletionsReached");
  EXPECT_EQ(job().status.succeeded, 7);
  EXPECT_EQ(job().status.failed, 0);
  EXPECT_EQ(job().status.active, 0);
  EXPECT_FALSE(job().status.completion_time.is_zero());
  EXPECT_LE(most, 3u);
  EXPECT_EQ(created(), 7u);
  cluster_.advance(5s);
  for (const Pod& pod : cluster_.server.list<Pod>()) EXPECT_TRUE(pod.metadata.finalizers.empty());
}

TEST_P(JobTest, FailuresAreRetriedEverMoreSlowlyThenGivenUp) {
  Job failing = make_job("work", "fails");
  failing.spec.backoff_limit = 2;
  cluster_.put(failing);
  int64_t began = cluster_.clock.monotonic_ns();
  ASSERT_TRUE(finish());
  EXPECT_EQ(conditions(), "FailureTarget:BackoffLimitExceeded Failed:BackoffLimitExceeded");
  EXPECT_EQ(job().status.failed, 3);
  EXPECT_EQ(created(), 3u);
  EXPECT_GE(cluster_.clock.monotonic_ns() - began, 28'000'000'000);
  cluster_.advance(1s);
  EXPECT_EQ(cluster_.events("work").back(), "BackoffLimitExceeded Job has reached the specified backoff limit");
}

TEST_P(JobTest, AnIndexedJobRunsEachIndexOnce) {
  Job indexed = make_job("work", "exits", 5, 2);
  indexed.spec.completion_mode = "Indexed";
  cluster_.put(indexed);
  ASSERT_TRUE(finish());
  EXPECT_EQ(job().status.completed_indexes, "0-4");
  EXPECT_EQ(job().status.succeeded, 5);
  EXPECT_EQ(created(), 5u);
  std::set<std::string> hostnames;
  for (const Pod& pod : cluster_.server.list<Pod>()) hostnames.insert(pod.spec.hostname);
  EXPECT_EQ(hostnames.size(), 5u);
}

TEST_P(JobTest, ADeadlineEndsWhatStillRuns) {
  Job slow = make_job("work", "good");
  slow.spec.active_deadline_seconds = 60;
  cluster_.put(slow);
  cluster_.advance(55s);
  EXPECT_EQ(job().status.active, 1);
  ASSERT_TRUE(finish());
  EXPECT_EQ(conditions(), "FailureTarget:DeadlineExceeded Failed:DeadlineExceeded");
  EXPECT_TRUE(cluster_.active_pods().empty());
}

TEST_P(JobTest, SuspendedMeansNoPods) {
  cluster_.put(make_job("work", "good"));
  cluster_.advance(10s);
  cluster_.edit<Job>("default", "work", [](Job& job) { job.spec.suspend = true; });
  cluster_.advance(40s);
  EXPECT_TRUE(cluster_.active_pods().empty());
  EXPECT_EQ(conditions(), "Suspended:JobSuspended");
  cluster_.edit<Job>("default", "work", [](Job& job) { job.spec.suspend = false; });
  cluster_.advance(60s);
  EXPECT_EQ(cluster_.active_pods().size(), 1u);
}

TEST_P(JobTest, AFinishedJobGoesWhenItsTimeHasCome) {
  Job brief = make_job("work", "exits");
  brief.spec.ttl_seconds_after_finished = 100;
  cluster_.put(brief);
  ASSERT_TRUE(finish());
  cluster_.advance(90s);
  EXPECT_TRUE(job().metadata.deletion_timestamp.is_zero());
  cluster_.advance(15s);
  EXPECT_FALSE(job().metadata.deletion_timestamp.is_zero());  // foreground: the collector would finish it
}

// Ends the pod that runs for `index` with that exit code, or by eviction when it is 0.
void fail_index(Cluster& cluster, int32_t index, int32_t exit_code) {
  for (Pod& pod : cluster.active_pods()) {
    if (pod.metadata.annotations[std::string(job::kIndex)] != std::to_string(index)) continue;
    pod.status.phase = "Failed";
    if (exit_code != 0) {
      auto& container = pod.status.container_statuses.emplace_back();
      container.name = "main";
      container.state.terminated.ensure().exit_code = exit_code;
      container.state.terminated->finished_at = cluster.now();
    } else {
      auto& condition = pod.status.conditions.emplace_back();
      condition.type = "DisruptionTarget";
      condition.status = "True";
    }
    cluster.put(pod);
  }
}

Job indexed_job(int32_t completions, int32_t parallelism) {
  Job job = make_job("work", "good", completions, parallelism);
  job.spec.completion_mode = "Indexed";
  job.spec.template_.spec.containers[0].name = "main";
  return job;
}

void add_rule(Job& job, std::string action, int32_t exit_code) {
  auto& rule = job.spec.pod_failure_policy.ensure().rules.emplace_back();
  rule.action = action;
  if (exit_code != 0) {
    rule.on_exit_codes.ensure().operator_ = "In";
    rule.on_exit_codes->values = {exit_code};
  } else {
    rule.on_pod_conditions.push_back({.type = "DisruptionTarget", .status = "True"});
  }
  job.spec.pod_replacement_policy = "Failed";
}

TEST_P(JobTest, AFailurePolicyEndsTheJobAtOnce) {
  Job job = indexed_job(2, 2);
  add_rule(job, "FailJob", 42);
  cluster_.put(job);
  cluster_.advance(5s);
  fail_index(cluster_, 0, 42);
  ASSERT_TRUE(finish(1min));
  EXPECT_EQ(conditions(), "FailureTarget:PodFailurePolicy Failed:PodFailurePolicy");
  EXPECT_THAT(this->job().status.conditions.back().message,
              ::testing::MatchesRegex("Container main for pod default/work-0-.* failed with exit code 42 matching "
                                      "FailJob rule at index 0"));
  EXPECT_TRUE(cluster_.active_pods().empty());
}

TEST_P(JobTest, AnIgnoredFailureCountsForNothing) {
  Job job = indexed_job(1, 1);
  job.spec.backoff_limit = 0;
  add_rule(job, "Ignore", 0);
  cluster_.put(job);
  cluster_.advance(5s);
  fail_index(cluster_, 0, 0);
  cluster_.advance(5s);
  EXPECT_EQ(cluster_.active_pods().size(), 1u);
  EXPECT_EQ(this->job().status.failed, 0);
  fail_index(cluster_, 0, 1);
  ASSERT_TRUE(finish(1min));
  EXPECT_EQ(conditions(), "FailureTarget:BackoffLimitExceeded Failed:BackoffLimitExceeded");
}

TEST_P(JobTest, EachIndexHasItsOwnLimit) {
  Job job = indexed_job(3, 3);
  job.spec.backoff_limit = INT32_MAX;
  job.spec.backoff_limit_per_index = 1;
  add_rule(job, "FailIndex", 42);
  cluster_.put(job);
  cluster_.advance(5s);
  fail_index(cluster_, 0, 1);
  fail_index(cluster_, 1, 42);
  cluster_.advance(5s);
  EXPECT_EQ(this->job().status.failed_indexes, "1");
  EXPECT_EQ(created(), 3u);  // the other waits
  cluster_.advance(15s);
  EXPECT_EQ(created(), 4u);
  for (const Pod& pod : cluster_.active_pods()) {
    bool again = pod.metadata.annotations.at(std::string(job::kIndex)) == "0";
    EXPECT_EQ(pod.metadata.annotations.at(std::string(job::kFailureCount)), again ? "1" : "0");
  }
  fail_index(cluster_, 0, 1);
  cluster_.advance(30s);
  EXPECT_EQ(this->job().status.failed_indexes, "0,1");
  EXPECT_EQ(this->job().status.failed, 3);
  EXPECT_FALSE(job::is_finished(this->job()));  // one goes on
  fail_index(cluster_, 2, 42);
  ASSERT_TRUE(finish(1min));
  EXPECT_EQ(conditions(), "FailureTarget:FailedIndexes Failed:FailedIndexes");
  EXPECT_EQ(this->job().status.failed_indexes, "0-2");
  cluster_.advance(5s);
  for (const Pod& pod : cluster_.server.list<Pod>()) EXPECT_TRUE(pod.metadata.finalizers.empty());
}

TEST_P(JobTest, TooManyFailedIndexesEndIt) {
  Job job = indexed_job(5, 2);
  job.spec.backoff_limit = INT32_MAX;
  job.spec.backoff_limit_per_index = 0;
  job.spec.max_failed_indexes = 1;
  cluster_.put(job);
  cluster_.advance(5s);
  fail_index(cluster_, 0, 1);
  fail_index(cluster_, 1, 1);
  ASSERT_TRUE(finish(1min));
  EXPECT_EQ(conditions(), "FailureTarget:MaxFailedIndexesExceeded Failed:MaxFailedIndexesExceeded");
  EXPECT_EQ(this->job().status.failed_indexes, "0,1");
  EXPECT_EQ(created(), 2u);
}

TEST_P(JobTest, EnoughSuccessEndsWhatStillRuns) {
  Job job = indexed_job(3, 3);
  job.spec.success_policy.ensure().rules.emplace_back().succeeded_indexes = "1-2";
  job.spec.success_policy->rules[0].succeeded_count = 1;
  cluster_.put(job);
  cluster_.advance(5s);
  for (Pod& pod : cluster_.active_pods()) {
    if (pod.metadata.annotations[std::string(job::kIndex)] != "2") continue;
    pod.status.phase = "Succeeded";
    cluster_.put(pod);
  }
  ASSERT_TRUE(finish(2min));
  EXPECT_EQ(conditions(), "SuccessCriteriaMet:SuccessPolicy Complete:SuccessPolicy");
  EXPECT_EQ(this->job().status.conditions.back().message, "Matched rules at index 0");
  EXPECT_EQ(this->job().status.completed_indexes, "2");
  EXPECT_TRUE(cluster_.active_pods().empty());
}

TEST(JobIndexes, AreWrittenAsRanges) {
  EXPECT_EQ(job::format_indexes({0, 1, 2, 5, 7, 8}), "0-2,5,7,8");
  EXPECT_EQ(job::parse_indexes("0-2,5,7,8"), (std::set<int32_t>{0, 1, 2, 5, 7, 8}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, JobTest, ::testing::Values(1, 7, 42));

}  // namespace
}  // namespace controller
