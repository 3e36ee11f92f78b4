#include "base/cron_schedule.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/strings.h"

namespace base {
namespace {

constexpr int64_t kDayMinutes = 1440;
constexpr int64_t kHorizonMinutes = 5 * 366 * kDayMinutes;

struct Bounds {
  std::string_view what;
  int64_t least, most;
  std::vector<std::string_view> names;  // of `least` and up
};

struct Parsed {
  uint64_t bits = 0;
  bool any = false;  // "*" or "?" with step 1: says nothing about the day
};

Result<int64_t> number(std::string_view text, const Bounds& bounds) {
  for (size_t i = 0; i < bounds.names.size(); i++) {
    if (equals_ignoring_case(text, bounds.names[i])) return bounds.least + static_cast<int64_t>(i);
  }
  auto value = parse_int(text);
  if (!value) {
    return fail(Code::BadRequest,
                cat({"failed to parse int from ", text, ": strconv.Atoi: parsing ", quote(text), ": invalid syntax"}));
  }
  if (*value < 0)
    return fail(Code::BadRequest, cat({"negative number (", std::to_string(*value), ") not allowed: ", text}));
  return *value;
}

// One of the ranges of a field: "*", "5", "1-5", "10-20/5".
Result<void> add_range(Parsed& field, std::string_view part, const Bounds& bounds) {
  auto refuse = [&](std::string_view why) { return fail(Code::BadRequest, cat({why, ": ", part})); };
  auto sides = split(part, '/');
  auto ends = split(sides[0], '-');
  int64_t first = bounds.least, last = bounds.most, step = 1;
  bool star = ends[0] == "*" || ends[0] == "?";
  if (!star) {
    TRY(first, number(ends[0], bounds));
    last = first;
    if (ends.size() > 2) return refuse("too many hyphens");
    if (ends.size() == 2) {
      TRY(last, number(ends[1], bounds));
    }
  }
  if (sides.size() > 2) return refuse("too many slashes");
  if (sides.size() == 2) {
    TRY(step, number(sides[1], {.what = "step", .least = 0, .most = 0, .names = {}}));
    if (!star && ends.size() == 1) last = bounds.most;  // "5/10": from 5 on
  }
  auto shown = [](int64_t value) { return std::to_string(value); };
  if (first < bounds.least)
    return refuse(cat({"beginning of range (", shown(first), ") below minimum (", shown(bounds.least), ")"}));
  if (last > bounds.most)
    return refuse(cat({"end of range (", shown(last), ") above maximum (", shown(bounds.most), ")"}));
  if (first > last)
    return refuse(cat({"beginning of range (", shown(first), ") beyond end of range (", shown(last), ")"}));
  if (step == 0) return refuse("step of range should be a positive number");
  for (int64_t value = first; value <= last; value += step) field.bits |= uint64_t{1} << value;
  field.any |= star && step == 1;
  return {};
}

Result<Parsed> parse_field(std::string_view text, const Bounds& bounds) {
  Parsed field;
  for (std::string_view part : split(text, ',')) {
    if (part.empty()) continue;
    TRY(add_range(field, part, bounds));
  }
  return field;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kDescriptors = {{{"@yearly", "0 0 1 1 *"},
                                                                                        {"@annually", "0 0 1 1 *"},
                                                                                        {"@monthly", "0 0 1 * *"},
                                                                                        {"@weekly", "0 0 * * 0"},
                                                                                        {"@daily", "0 0 * * *"},
                                                                                        {"@midnight", "0 0 * * *"},
                                                                                        {"@hourly", "0 * * * *"}}};

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  CronSchedule schedule;
  if (text.empty()) return fail(Code::BadRequest, "empty spec string");
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    size_t name = text.find('=') + 1;
    size_t space = std::min(text.find(' '), text.size());
    std::string_view zone = text.substr(name, space - name);
    auto found = TimeZone::find(zone);
    if (!found) return fail(Code::BadRequest, cat({"provided bad location ", zone, ": ", found.error().message()}));
    schedule.zone_ = *found;
    text = trim(text.substr(space));
  } else {
    schedule.zone_ = TimeZone::local();
  }
  if (text.starts_with("@every ")) {
    auto ns = parse_duration(text.substr(7));
    if (!ns) return fail(Code::BadRequest, cat({"failed to parse duration ", text, ": ", ns.error().message()}));
    schedule.every_seconds_ = std::max<int64_t>(1, *ns / 1'000'000'000);
    return schedule;
  }
  if (text.starts_with('@')) {
    std::string_view meaning;
    for (const auto& [name, fields] : kDescriptors) {
      if (text == name) meaning = fields;
    }
    if (meaning.empty()) return fail(Code::BadRequest, cat({"unrecognized descriptor: ", text}));
    text = meaning;
  }
  std::vector<std::string_view> fields;
  for (std::string_view field : split(text, ' ')) {
    if (!trim(field).empty()) fields.push_back(trim(field));
  }
  if (fields.size() != 5) {
    std::vector<std::string> shown(fields.begin(), fields.end());
    return fail(Code::BadRequest, cat({"expected exactly 5 fields, found ", std::to_string(fields.size()), ": [",
                                       join(shown, " "), "]"}));
  }
  TRY(Parsed minutes, parse_field(fields[0], {.what = "minute", .least = 0, .most = 59, .names = {}}));
  TRY(Parsed hours, parse_field(fields[1], {.what = "hour", .least = 0, .most = 23, .names = {}}));
  TRY(Parsed days, parse_field(fields[2], {.what = "day of month", .least = 1, .most = 31, .names = {}}));
  TRY(Parsed months, parse_field(fields[3], {.what = "month",
                                             .least = 1,
                                             .most = 12,
                                             .names = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
                                                       "oct", "nov", "dec"}}));
  TRY(Parsed weekdays,
      parse_field(
          fields[4],
          {.what = "day of week", .least = 0, .most = 6, .names = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}));
  schedule.minutes_ = minutes.bits;
  schedule.hours_ = hours.bits;
  schedule.days_of_month_ = days.bits;
  schedule.months_ = months.bits;
  schedule.days_of_week_ = weekdays.bits;
  schedule.any_day_of_month_ = days.any;
  schedule.any_day_of_week_ = weekdays.any;
  return schedule;
}

bool CronSchedule::matches_day(int64_t days) const {
  std::chrono::sys_days day{std::chrono::days(days)};
  std::chrono::year_month_day date(day);
  if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  bool of_month = (days_of_month_ >> static_cast<unsigned>(date.day()) & 1) != 0;
  bool of_week = (days_of_week_ >> std::chrono::weekday(day).c_encoding() & 1) != 0;
  // Cron's rule: when both are restricted either will do.
  return any_day_of_month_ || any_day_of_week_ ? of_month && of_week : of_month || of_week;
}

std::optional<int64_t> CronSchedule::next_minute(int64_t from, int64_t end) const {
  int64_t day = from / kDayMinutes;
  int64_t minute = from % kDayMinutes;
  for (; day * kDayMinutes < end; day++, minute = 0) {
    if (!matches_day(day)) continue;
    for (; minute < kDayMinutes; minute++) {
      if ((hours_ >> (minute / 60) & 1) == 0) {
        minute += 59 - minute % 60;
        continue;
      }
      if ((minutes_ >> (minute % 60) & 1) == 0) continue;
      int64_t found = day * kDayMinutes + minute;
      return found < end ? std::optional(found) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Time> CronSchedule::next(Time time) const {
  if (every_seconds_ > 0) return Time{time.seconds + every_seconds_, 0};
  int64_t from = time.seconds / 60 + 1;  // in minutes
  const int64_t limit = from + kHorizonMinutes;
  // While its offset stays the same, a zone's clock is like any other.
  while (from < limit) {
    TimeZone::Stretch stretch = zone_.at(from * 60);
    int64_t offset = stretch.offset / 60;
    int64_t end = std::min(limit, stretch.end / 60);
    if (auto minute = next_minute(from + offset, end + offset)) return Time{(*minute - offset) * 60, 0};
    from = end;
  }
  return std::nullopt;
}

}  // namespace base
