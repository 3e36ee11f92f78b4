#include "base/cron_schedule.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string next(std::string_view schedule, std::string_view after) {
  auto parsed = CronSchedule::parse(schedule);
  if (!parsed) return parsed.error().message();
  auto time = parsed->next(*parse_rfc3339(after));
  return time ? format_rfc3339(*time) : "never";
}

TEST(CronSchedule, NextMoments) {
  EXPECT_EQ(next("*/15 * * * *", "2026-03-01T10:00:00Z"), "2026-03-01T10:15:00Z");
  EXPECT_EQ(next("0 0 29 2 *", "2026-03-01T10:00:00Z"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(next("30 9-17/4 * * mon-fri", "2026-03-06T17:30:00Z"), "2026-03-09T09:30:00Z");
  EXPECT_EQ(next("0 12 13 * fri", "2026-03-01T00:00:00Z"), "2026-03-06T12:00:00Z");  // either day will do
  EXPECT_EQ(next("@hourly", "2026-12-31T23:30:01Z"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(next("@every 90m", "2026-01-01T00:00:00Z"), "2026-01-01T01:30:00Z");
  EXPECT_EQ(next("0 0 30 feb ?", "2026-01-01T00:00:00Z"), "never");
}

TEST(CronSchedule, FieldsAreWhatClocksOfTheZoneShow) {
  EXPECT_EQ(next("TZ=Asia/Kolkata 30 9 * * *", "2026-01-01T04:00:00Z"), "2026-01-02T04:00:00Z");
  EXPECT_EQ(next("CRON_TZ=America/New_York 0 9 * * *", "2026-03-07T15:00:00Z"), "2026-03-08T13:00:00Z");
  EXPECT_EQ(next("TZ=Europe/Berlin 0 0 1 1 *", "2026-01-01T00:00:00Z"), "2026-12-31T23:00:00Z");
  EXPECT_EQ(next("TZ=Nowhere/Land * * * * *", "2026-01-01T00:00:00Z"),
            "provided bad location Nowhere/Land: unknown time zone Nowhere/Land");
}

TEST(CronSchedule, AnHourThatClocksSkipDoesNotComeAndOneShownTwiceComesTwice) {
  // Berlin's clocks skip 02:00 to 03:00 on 29 March and show it twice on 25 October.
  EXPECT_EQ(next("TZ=Europe/Berlin 30 2 * * *", "2026-03-28T02:00:00Z"), "2026-03-30T00:30:00Z");
  EXPECT_EQ(next("TZ=Europe/Berlin 30 2 * * *", "2026-10-24T22:00:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(next("TZ=Europe/Berlin 30 2 * * *", "2026-10-25T00:30:00Z"), "2026-10-25T01:30:00Z");
  EXPECT_EQ(next("TZ=Europe/Berlin 0 * * * *", "2026-03-29T00:00:00Z"), "2026-03-29T01:00:00Z");
}

TEST(CronSchedule, WithoutAZoneItIsTheProcesses) {
  ASSERT_EQ(setenv("TZ", "Asia/Tokyo", 1), 0);
  EXPECT_EQ(next("0 9 * * *", "2026-01-01T01:00:00Z"), "2026-01-02T00:00:00Z");
  ASSERT_EQ(unsetenv("TZ"), 0);
}

TEST(CronSchedule, WhatCannotBeReadIsRefused) {
  for (std::string_view bad :
       {"", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "* * * * 7", "a * * * *"}) {
    EXPECT_FALSE(CronSchedule::parse(bad)) << bad;
  }
}

TEST(CronSchedule, ComplaintsSayWhatIsWrong) {
  EXPECT_EQ(next("* * * *", "2026-01-01T00:00:00Z"), "expected exactly 5 fields, found 4: [* * * *]");
  EXPECT_EQ(next("60 * * * *", "2026-01-01T00:00:00Z"), "end of range (60) above maximum (59): 60");
}

}  // namespace
}  // namespace base
