#include "controller/cronjob/cronjob.h"

#include <gtest/gtest.h>

#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::batch_v1::CronJob;
using api::batch_v1::Job;
using testing::Cluster;
using namespace std::chrono_literals;

class CronJobTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(20ms);
    cluster_.run({"cronjob-controller", "job-controller"});
  }
  void TearDown() override { cluster_.scope.cancel(); }
  void make(std::string policy, std::string image) {
    CronJob cron_job;
    cron_job.metadata.name = "tick";
    cron_job.metadata.namespace_ = "default";
    cron_job.spec.schedule = "*/10 * * * *";
    cron_job.spec.concurrency_policy = policy;
    cron_job.spec.job_template.spec.completions = 1;
    cron_job.spec.job_template.spec.template_.spec.containers.emplace_back().image = image;
    cluster_.put(cron_job);
  }
  CronJob tick() { return *cluster_.server.get<CronJob>("default", "tick"); }
  size_t jobs() { return cluster_.server.list<Job>().size(); }
  Cluster cluster_;
};

TEST_F(CronJobTest, StartsAJobAtEachMomentAndKeepsAShortHistory) {
  cluster_.run_nodes({"n1"});
  make("Allow", "exits");
  cluster_.advance(61min);
  EXPECT_EQ(jobs(), 3u);
  EXPECT_TRUE(tick().status.active.empty());
  EXPECT_FALSE(tick().status.last_successful_time.is_zero());
  EXPECT_EQ(tick().status.last_schedule_time.seconds % 600, 0);
  for (const Job& job : cluster_.server.list<Job>()) {
    EXPECT_TRUE(job.metadata.name.starts_with("tick-"));
    EXPECT_TRUE(job.metadata.annotations.contains("batch.kubernetes.io/cronjob-scheduled-timestamp"));
  }
}

TEST_F(CronJobTest, ForbidWaitsAndReplaceEnds) {
  cluster_.run_nodes({"n1"});
  make("Forbid", "good");
  cluster_.advance(35min);
  ASSERT_EQ(jobs(), 1u);
  EXPECT_EQ(tick().status.active.size(), 1u);
  std::string first = cluster_.server.list<Job>()[0].metadata.name;
  cluster_.edit<CronJob>("default", "tick", [](CronJob& cron_job) { cron_job.spec.concurrency_policy = "Replace"; });
  cluster_.advance(11min);
  ASSERT_EQ(jobs(), 1u);
  EXPECT_NE(cluster_.server.list<Job>()[0].metadata.name, first);
}

TEST_F(CronJobTest, SuspendedStartsNothing) {
  make("Allow", "exits");
  cluster_.edit<CronJob>("default", "tick", [](CronJob& cron_job) { cron_job.spec.suspend = true; });
  cluster_.advance(61min);
  EXPECT_EQ(jobs(), 0u);
}

TEST_F(CronJobTest, AScheduleThatNeverComesIsToldAndStartsNothing) {
  make("Allow", "exits");
  cluster_.edit<CronJob>("default", "tick", [](CronJob& cron_job) { cron_job.spec.schedule = "59 23 31 2 *"; });
  cluster_.advance(1s);
  EXPECT_EQ(jobs(), 0u);
  EXPECT_EQ(cluster_.events("tick"),
            std::vector<std::string>{"InvalidSchedule invalid schedule: 59 23 31 2 * : time difference between two "
                                     "schedules is less than 1 second"});
}

TEST_F(CronJobTest, AZoneNobodyKnowsIsToldAndStartsNothing) {
  make("Allow", "exits");
  cluster_.edit<CronJob>("default", "tick", [](CronJob& cron_job) { cron_job.spec.time_zone = "Europe/Atlantis"; });
  cluster_.advance(61min);
  EXPECT_EQ(jobs(), 0u);
  EXPECT_EQ(cluster_.events("tick").front(),
            "UnknownTimeZone invalid timeZone: \"Europe/Atlantis\": unknown time zone Europe/Atlantis");
}

TEST_F(CronJobTest, StartsByTheClockOfItsZone) {
  cluster_.run_nodes({"n1"});
  make("Allow", "exits");
  cluster_.edit<CronJob>("default", "tick", [](CronJob& cron_job) {
    cron_job.spec.schedule = "15 9 * * *";
    cron_job.spec.time_zone = "Asia/Kolkata";
  });
  cluster_.advance(25h);
  ASSERT_EQ(jobs(), 1u);
  const std::string& scheduled =
      cluster_.server.list<Job>()[0].metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"];
  EXPECT_TRUE(scheduled.ends_with("T09:15:00+05:30")) << scheduled;
}

TEST(CronJobDue, MissedMomentsCountOnceAndDeadlinesCut) {
  CronJob cron_job;
  cron_job.metadata.creation_timestamp = *base::parse_rfc3339("2026-01-01T00:00:30Z");
  auto schedule = *base::CronSchedule::parse("*/10 * * * *");
  base::Time now = *base::parse_rfc3339("2026-01-01T01:05:00Z");
  auto due = cronjob::due(cron_job, schedule, now);
  EXPECT_EQ(base::format_rfc3339(*due.time), "2026-01-01T01:00:00Z");
  EXPECT_EQ(base::format_rfc3339(*due.next), "2026-01-01T01:10:00Z");
  EXPECT_FALSE(due.too_many);
  cron_job.spec.starting_deadline_seconds = 60;
  EXPECT_FALSE(cronjob::due(cron_job, schedule, now).time);
  cron_job.spec.starting_deadline_seconds.reset();
  EXPECT_TRUE(cronjob::due(cron_job, schedule, *base::parse_rfc3339("2026-02-01T00:00:00Z")).too_many);
}

}  // namespace
}  // namespace controller
