// Parts of timestamps and durations, in UTC or a named zone.

#include "base/strings.h"
#include "cel/library/libraries.h"
#include "cel/library/time_zone.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

constexpr int64_t kDay = 86400;

struct Parts {
  int64_t year;
  int month;  // from 0
  int day;    // of the month, from 0
  int year_day;
  int week_day;  // Sunday is 0
  int hours, minutes, seconds, milliseconds;
};

// From days since 1970 to a date; after Howard Hinnant's "chrono-compatible low-level date algorithms".
Parts parts_of(base::Time time, int64_t offset) {
  int64_t seconds = time.seconds + offset;
  int64_t days = seconds / kDay;
  int64_t rest = seconds % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  int64_t z = days + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t day_of_era = z - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);  // from March
  int64_t shifted = (5 * day_of_year + 2) / 153;
  Parts parts;
  parts.day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5);
  parts.month = static_cast<int>(shifted < 10 ? shifted + 2 : shifted - 10);
  parts.year = year_of_era + era * 400 + (parts.month <= 1 ? 1 : 0);
  bool leap = (parts.year % 4 == 0 && parts.year % 100 != 0) || parts.year % 400 == 0;
  parts.year_day = static_cast<int>(parts.month <= 1 ? day_of_year - 306 : day_of_year + 59 + (leap ? 1 : 0));
  parts.week_day = static_cast<int>(((days + 4) % 7 + 7) % 7);
  parts.hours = static_cast<int>(rest / 3600);
  parts.minutes = static_cast<int>(rest / 60 % 60);
  parts.seconds = static_cast<int>(rest % 60);
  parts.milliseconds = time.nanos / 1'000'000;
  return parts;
}

int64_t year(const Parts& p) {
  return p.year;
}
int64_t month(const Parts& p) {
  return p.month;
}
int64_t date(const Parts& p) {
  return p.day + 1;
}
int64_t day_of_month(const Parts& p) {
  return p.day;
}
int64_t day_of_week(const Parts& p) {
  return p.week_day;
}
int64_t day_of_year(const Parts& p) {
  return p.year_day;
}
int64_t hours(const Parts& p) {
  return p.hours;
}
int64_t minutes(const Parts& p) {
  return p.minutes;
}
int64_t seconds(const Parts& p) {
  return p.seconds;
}
int64_t milliseconds(const Parts& p) {
  return p.milliseconds;
}

template <int64_t (*kPart)(const Parts&)>
Value part(Arguments a) {
  base::Time time = a[0].as_timestamp();
  int64_t offset = 0;
  if (a.size() == 2) {
    std::optional<int64_t> found = zone_offset(a[1].as_string(), time.seconds);
    if (!found) return Value::error(base::cat({"unknown time zone ", a[1].as_string()}));
    offset = *found;
  }
  return Value::of_int(kPart(parts_of(time, offset)));
}

template <int64_t kUnit>
Value whole_units(Arguments a) {
  return Value::of_int(a[0].as_duration_ns() / kUnit);
}

void add_part(Functions& f, std::string_view name, std::string_view id, Implementation implementation) {
  f.member(name, base::cat({"timestamp_to_", id}), {timestamp_type()}, int_type(), implementation);
  f.member(name, base::cat({"timestamp_to_", id, "_with_tz"}), {timestamp_type(), string_type()}, int_type(),
           implementation);
}

}  // namespace

void add_times(Functions& f) {
  add_part(f, "getFullYear", "year", part<year>);
  add_part(f, "getMonth", "month", part<month>);
  add_part(f, "getDate", "day_of_month_1_based", part<date>);
  add_part(f, "getDayOfMonth", "day_of_month", part<day_of_month>);
  add_part(f, "getDayOfWeek", "day_of_week", part<day_of_week>);
  add_part(f, "getDayOfYear", "day_of_year", part<day_of_year>);
  add_part(f, "getHours", "hours", part<hours>);
  add_part(f, "getMinutes", "minutes", part<minutes>);
  add_part(f, "getSeconds", "seconds", part<seconds>);
  add_part(f, "getMilliseconds", "milliseconds", part<milliseconds>);
  f.member("getHours", "duration_to_hours", {duration_type()}, int_type(), whole_units<3'600'000'000'000>);
  f.member("getMinutes", "duration_to_minutes", {duration_type()}, int_type(), whole_units<60'000'000'000>);
  f.member("getSeconds", "duration_to_seconds", {duration_type()}, int_type(), whole_units<1'000'000'000>);
  f.member("getMilliseconds", "duration_to_milliseconds", {duration_type()}, int_type(), whole_units<1'000'000>);
}

}  // namespace cel::library
