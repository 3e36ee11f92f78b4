#include "base/time.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string time_error(std::string_view text) {
  auto time = parse_rfc3339(text);
  return time ? "parsed" : time.error().message();
}

TEST(Time, FormatsDaysOfEveryKindOfYear) {
  EXPECT_EQ(format_rfc3339({0, 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339({951782400, 0}), "2000-02-29T00:00:00Z");
  EXPECT_EQ(format_rfc3339({-1, 0}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339_micro({1732400000, 123456789}), "2024-11-23T22:13:20.123456Z");
}

TEST(Time, ParsesOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("2024-11-23T22:13:20Z").value(), (Time{1732400000, 0}));
  EXPECT_EQ(parse_rfc3339("2024-11-23T23:43:20.5+01:30").value(), (Time{1732400000, 500000000}));
  EXPECT_EQ(parse_rfc3339("2024-11-23T22:13:20.1234567891Z").value().nanos, 123456789);
}

TEST(Time, EveryDayOfFourCenturiesRoundTrips) {
  for (int64_t day = -150000; day < 150000; day += 37) {
    Time time{day * 86400 + 3661, 0};
    EXPECT_EQ(parse_rfc3339(format_rfc3339(time)).value(), time);
  }
}

TEST(Time, ComplainsAsGo) {
  EXPECT_EQ(time_error("yesterday"),
            R"(parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006")");
  EXPECT_EQ(time_error("2024-01-01"),
            R"(parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T")");
  EXPECT_EQ(time_error("2024-13-01T00:00:00Z"), R"(parsing time "2024-13-01T00:00:00Z": month out of range)");
  EXPECT_EQ(time_error("2023-02-29T00:00:00Z"), R"(parsing time "2023-02-29T00:00:00Z": day out of range)");
  EXPECT_EQ(time_error("2024-01-01T00:00:00Zx"), R"(parsing time "2024-01-01T00:00:00Zx": extra text: "x")");
  EXPECT_EQ(time_error("2024-01-01T00:00:00"),
            R"(parsing time "2024-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00")");
}

TEST(Duration, FormatsAsGo) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(1), "1ns");
  EXPECT_EQ(format_duration(1500), "1.5µs");
  EXPECT_EQ(format_duration(300'000'000), "300ms");
  EXPECT_EQ(format_duration(90'000'000'000), "1m30s");
  EXPECT_EQ(format_duration(-3'600'000'000'000), "-1h0m0s");
  EXPECT_EQ(format_duration(INT64_MIN), "-2562047h47m16.854775808s");
}

TEST(Duration, ParsesWhatItFormats) {
  for (int64_t ns :
       {int64_t{0}, int64_t{1}, int64_t{1500}, int64_t{90'000'000'001}, INT64_MAX, INT64_MIN, int64_t{-5}}) {
    EXPECT_EQ(parse_duration(format_duration(ns)).value(), ns);
  }
  EXPECT_EQ(parse_duration("1.5h").value(), 5'400'000'000'000);
  EXPECT_EQ(parse_duration("+.5s").value(), 500'000'000);
  EXPECT_EQ(parse_duration("5").error().message(), R"(time: missing unit in duration "5")");
  EXPECT_EQ(parse_duration("5d").error().message(), R"(time: unknown unit "d" in duration "5d")");
  EXPECT_EQ(parse_duration("").error().message(), R"(time: invalid duration "")");
  EXPECT_FALSE(parse_duration("9223372036854775808ns"));
}

TEST(Duration, AgesAreShort) {
  constexpr int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(human_duration(-5 * kSecond), "<invalid>");
  EXPECT_EQ(human_duration(119 * kSecond), "119s");
  EXPECT_EQ(human_duration(120 * kSecond), "2m");
  EXPECT_EQ(human_duration(599 * kSecond), "9m59s");
  EXPECT_EQ(human_duration(179 * 60 * kSecond), "179m");
  EXPECT_EQ(human_duration(7 * 3600 * kSecond + 60 * kSecond), "7h1m");
  EXPECT_EQ(human_duration(47 * 3600 * kSecond), "47h");
  EXPECT_EQ(human_duration(76 * 3600 * kSecond), "3d4h");
  EXPECT_EQ(human_duration(int64_t{400} * 86400 * kSecond), "400d");
  EXPECT_EQ(human_duration(int64_t{800} * 86400 * kSecond), "2y70d");
}

}  // namespace
}  // namespace base
