// Moments and spans as the API writes them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// A moment in UTC. Default: the zero time, which the API leaves out or writes as null.
struct Time {
  static constexpr int64_t kZero = INT64_MIN;

  int64_t seconds = kZero;  // since 1970-01-01
  int32_t nanos = 0;        // 0 to 999,999,999

  static Time from_ns(int64_t ns);  // since 1970-01-01
  bool is_zero() const { return seconds == kZero; }
  int64_t to_ns() const { return is_zero() ? 0 : seconds * 1'000'000'000 + nanos; }
  Time truncated_to_seconds() const { return {seconds, 0}; }
  Time truncated_to_micros() const { return {seconds, nanos / 1000 * 1000}; }
  auto operator<=>(const Time&) const = default;
};

// "2026-11-23T22:12:45Z", "2026-11-23T22:12:45.123456Z". RFC 3339 in UTC; the zero time must not be given.
std::string format_rfc3339(Time time);
std::string format_rfc3339_micro(Time time);
// Any RFC 3339 time, with an offset and a fraction; BadRequest otherwise, in the words of Go's time.Parse.
Result<Time> parse_rfc3339(std::string_view text);

// Spans in nanoseconds as Go writes them: "1m30s", "300ms", "0s".
std::string format_duration(int64_t ns);
Result<int64_t> parse_duration(std::string_view text);
// The short age of kubectl's tables: "5m", "3d4h", "59s".
std::string human_duration(int64_t ns);

}  // namespace base
