#include "controller/cronjob/schedule.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/strings.h"

namespace controller::cronjob {
namespace {

using base::Code;
using base::Result;

constexpr int64_t kDay = 86400;
constexpr int64_t kHorizonDays = 5 * 366;

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
    if (base::equals_ignoring_case(text, bounds.names[i])) return bounds.least + static_cast<int64_t>(i);
  }
  auto value = base::parse_int(text);
  if (!value || *value < 0) return base::fail(Code::BadRequest, base::cat({"failed to parse ", bounds.what, ": ", text}));
  return *value;
}

Result<Parsed> parse_field(std::string_view text, const Bounds& bounds) {
  Parsed field;
  for (std::string_view part : base::split(text, ',')) {
    size_t slash = part.find('/');
    std::string_view range = part.substr(0, slash);
    int64_t first = bounds.least, last = bounds.most, step = 1;
    bool star = range == "*" || range == "?";
    size_t dash = range.find('-');
    if (!star) {
      TRY(first, number(range.substr(0, dash), bounds));
      last = first;
      if (dash != std::string_view::npos) {
        TRY(last, number(range.substr(dash + 1), bounds));
      }
    }
    if (slash != std::string_view::npos) {
      TRY(step, number(part.substr(slash + 1), {.what = "step", .least = 0, .most = 0, .names = {}}));
      if (!star && dash == std::string_view::npos) last = bounds.most;  // "5/10": from 5 on
    }
    if (first < bounds.least || last > bounds.most || first > last || step <= 0) {
      return base::fail(Code::BadRequest, base::cat({bounds.what, " out of range: ", part}));
    }
    for (int64_t value = first; value <= last; value += step) field.bits |= uint64_t{1} << value;
    field.any |= star && step == 1;
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

Result<Schedule> Schedule::parse(std::string_view text) {
  text = base::trim(text);
  Schedule schedule;
  if (text.starts_with("@every ")) {
    TRY(int64_t ns, base::parse_duration(text.substr(7)));
    schedule.every_seconds_ = std::max<int64_t>(1, ns / 1'000'000'000);
    return schedule;
  }
  for (const auto& [name, meaning] : kDescriptors) {
    if (text == name) text = meaning;
  }
  std::vector<std::string_view> fields;
  for (std::string_view field : base::split(text, ' ')) {
    if (!base::trim(field).empty()) fields.push_back(base::trim(field));
  }
  if (fields.size() != 5) return base::fail(Code::BadRequest, base::cat({"expected exactly 5 fields, found ", std::to_string(fields.size()), ": [", text, "]"}));
  TRY(Parsed minutes, parse_field(fields[0], {.what = "minute", .least = 0, .most = 59, .names = {}}));
  TRY(Parsed hours, parse_field(fields[1], {.what = "hour", .least = 0, .most = 23, .names = {}}));
  TRY(Parsed days, parse_field(fields[2], {.what = "day of month", .least = 1, .most = 31, .names = {}}));
  TRY(Parsed months, parse_field(fields[3], {.what = "month", .least = 1, .most = 12,
                                             .names = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}}));
  TRY(Parsed weekdays, parse_field(fields[4], {.what = "day of week", .least = 0, .most = 6,
                                               .names = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}));
  schedule.minutes_ = minutes.bits;
  schedule.hours_ = hours.bits;
  schedule.days_of_month_ = days.bits;
  schedule.months_ = months.bits;
  schedule.days_of_week_ = weekdays.bits;
  schedule.any_day_of_month_ = days.any;
  schedule.any_day_of_week_ = weekdays.any;
  return schedule;
}

bool Schedule::matches_day(int64_t days) const {
  std::chrono::sys_days day{std::chrono::days(days)};
  std::chrono::year_month_day date(day);
  if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  bool of_month = (days_of_month_ >> static_cast<unsigned>(date.day()) & 1) != 0;
  bool of_week = (days_of_week_ >> std::chrono::weekday(day).c_encoding() & 1) != 0;
  // Cron's rule: when both are restricted either will do.
  return any_day_of_month_ || any_day_of_week_ ? of_month && of_week : of_month || of_week;
}

std::optional<base::Time> Schedule::next(base::Time time) const {
  if (every_seconds_ > 0) return base::Time{time.seconds + every_seconds_, 0};
  int64_t from = (time.seconds / 60 + 1) * 60;  // the next whole minute
  int64_t day = from / kDay;
  int64_t minute = from % kDay / 60;
  for (int64_t limit = day + kHorizonDays; day < limit; day++, minute = 0) {
    if (!matches_day(day)) continue;
    for (; minute < 1440; minute++) {
      if ((hours_ >> (minute / 60) & 1) == 0) {
        minute += 59 - minute % 60;
        continue;
      }
      if ((minutes_ >> (minute % 60) & 1) != 0) return base::Time{day * kDay + minute * 60, 0};
    }
  }
  return std::nullopt;
}

}  // namespace controller::cronjob
