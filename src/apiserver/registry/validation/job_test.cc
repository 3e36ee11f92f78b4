#include "apiserver/registry/validation/job.h"

#include "apiserver/registry/validation/testing.h"

namespace apiserver {
namespace {

namespace batch = api::batch_v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::object;
using testing::texts;

constexpr std::string_view kIndexed =
    R"({"completionMode":"Indexed","completions":5,"parallelism":5,"backoffLimitPerIndex":1})";
constexpr std::string_view kPlain = R"({"completions":5,"parallelism":1})";

std::vector<std::string> problems(std::string_view spec, std::string_view next, std::string_view current = "{}") {
  auto job = [&](std::string_view status) {
    return object<batch::Job>(std::string(R"({"spec":)").append(spec).append(R"(,"status":)").append(status) + "}");
  };
  return texts(validate_job_status(job(next), job(current)));
}

TEST(JobStatusRules, AnEndIsSaidInTwoSteps) {
  constexpr std::string_view kDone =
      R"({"startTime":"2020-01-01T00:00:00Z","completionTime":"2020-01-02T00:00:00Z",
          "conditions":[{"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]})";
  EXPECT_THAT(problems(kPlain, kDone), IsEmpty());
  EXPECT_THAT(
      problems(kPlain, R"({"startTime":"2020-01-01T00:00:00Z","conditions":[{"type":"Failed","status":"True"}]})"),
      ElementsAre("status.conditions: Invalid value: cannot set Failed=True condition without the "
                  "FailureTarget=true condition"));
  EXPECT_THAT(
      problems(kPlain, R"({"startTime":"2020-01-03T00:00:00Z","completionTime":"2020-01-02T00:00:00Z",
                                   "conditions":[{"type":"Complete","status":"True"}]})"),
      ElementsAre("status.completionTime: Invalid value: \"2020-01-02T00:00:00Z\": completionTime cannot be set "
                  "before startTime",
                  "status.conditions: Invalid value: cannot set Complete=True condition without the "
                  "SuccessCriteriaMet=true condition"));
  EXPECT_THAT(problems(kPlain, R"({"startTime":"2020-01-01T00:00:00Z","uncountedTerminatedPods":{"failed":["u"]},
                                   "conditions":[{"type":"FailureTarget","status":"True"},{"type":"Failed","status":"True"}]})"),
              ElementsAre("status.uncountedTerminatedPods: Invalid value: {\"Succeeded\":null,\"Failed\":[\"u\"]}: "
                          "uncountedTerminatedPods needs to be empty for finished job"));
}

TEST(JobStatusRules, IndexesAreOfTheJobAndEitherDoneOrFailed) {
  EXPECT_THAT(problems(kIndexed, R"({"completedIndexes":"0,2-3","failedIndexes":"1,4"})"), IsEmpty());
  EXPECT_THAT(problems(kIndexed, R"({"completedIndexes":"0,7","failedIndexes":"3-1"})"),
              ElementsAre("status.completedIndexes: Invalid value: \"0,7\": error parsing completedIndexes: too large "
                          "index: \"7\"",
                          "status.failedIndexes: Invalid value: \"3-1\": error parsing failedIndexes: non-increasing "
                          "order, previous: 3, current: 1"));
  EXPECT_THAT(
      problems(kIndexed, R"({"completedIndexes":"0,2-3","failedIndexes":"1,3-4"})"),
      ElementsAre("status.failedIndexes: Invalid value: \"1,3-4\": failedIndexes and completedIndexes overlap at "
                  "index: 3"));
  EXPECT_THAT(problems(kPlain, R"({"completedIndexes":"1","failedIndexes":""})"),
              ElementsAre("status.completedIndexes: Invalid value: \"1\": cannot set non-empty completedIndexes when "
                          "non-indexed completion mode",
                          "status.failedIndexes: Invalid value: \"\": cannot set non-null failedIndexes when "
                          "backoffLimitPerIndex is null"));
}

TEST(JobStatusRules, WhatHasNotChangedStays) {
  constexpr std::string_view kOdd = R"({"completedIndexes":"7","ready":3,"active":1})";
  EXPECT_THAT(problems(kPlain, kOdd, kOdd), IsEmpty());
}

TEST(JobStatusRules, CountersAndTimesDoNotGoBack) {
  constexpr std::string_view kBefore = R"({"succeeded":2,"failed":2,"startTime":"2020-01-01T00:00:00Z"})";
  constexpr std::string_view kAfter = R"({"succeeded":1,"failed":1})";
  EXPECT_THAT(problems(kPlain, kAfter, kBefore),
              ElementsAre("status.failed: Invalid value: 1: cannot decrease the failed counter",
                          "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
                          "status.startTime: Required value: startTime cannot be removed for unsuspended job"));
  EXPECT_THAT(problems(kIndexed, R"({"succeeded":1})", R"({"succeeded":2})"), IsEmpty());
}

TEST(JobRules, TheLastPodOfAnIndexedJobHasAValidHostName) {
  auto last = [](std::string name) {
    auto job = object<batch::Job>(
        R"({"spec":{"manualSelector":true,"completionMode":"Indexed","completions":11,"parallelism":1,
        "selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
        "spec":{"restartPolicy":"Never","containers":[]}}}})");
    job.metadata.name = std::move(name);
    return texts(validate_job(job, nullptr)).back();
  };
  EXPECT_THAT(last(std::string(60, 'a')), ::testing::Not(::testing::HasSubstr("DNS label")));
  EXPECT_EQ(last("a.b"),
            "metadata.name: Invalid value: \"a.b\": will not able to create pod with invalid DNS label: a.b-10");
}

TEST(CronJobRules, ALocalZoneIsNoZone) {
  auto zone = [](std::string_view name) {
    auto job = object<batch::CronJob>(R"({"spec":{"schedule":"* * * * *","concurrencyPolicy":"Allow"}})");
    job.spec.time_zone = name;
    auto all = texts(validate_cron_job(job, nullptr));
    std::erase_if(all, [](const std::string& one) { return !one.starts_with("spec.timeZone"); });
    return all;
  };
  EXPECT_THAT(zone("UTC"), IsEmpty());
  EXPECT_EQ(zone("Local").size(), 1u);
  EXPECT_EQ(zone("local").size(), 2u);
}

}  // namespace
}  // namespace apiserver
