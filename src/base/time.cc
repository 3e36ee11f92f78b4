#include "base/time.h"

#include <charconv>
#include <cstdio>

#include "base/strings.h"

namespace base {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Date {
  int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

// Days since 1970-01-01 of a day in the Gregorian calendar, and back. Years begin in March, so that the leap day is the
// last of a year; 400 years ("an era") have 146,097 days.
int64_t days_of(Date date) {
  int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

Date date_of(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

int days_in_month(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

void append_digits(std::string& out, int64_t value, int width) {
  char digits[20];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits, static_cast<size_t>(width));
}

std::string format_seconds(Time time) {
  int64_t days = time.seconds / 86400;
  int64_t rest = time.seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  Date date = date_of(days);
  std::string out;
  out.reserve(27);
  append_digits(out, date.year, 4);
  out += '-';
  append_digits(out, date.month, 2);
  out += '-';
  append_digits(out, date.day, 2);
  out += 'T';
  append_digits(out, rest / 3600, 2);
  out += ':';
  append_digits(out, rest / 60 % 60, 2);
  out += ':';
  append_digits(out, rest % 60, 2);
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads RFC 3339 from the left, and words its complaints as Go's time.Parse.
class TimeParser {
 public:
  explicit TimeParser(std::string_view text) : text_(text), rest_(text) {}

  Result<Time> parse() {
    TRY(int64_t year, number("2006", 4));
    TRY(expect("-"));
    TRY(int64_t month, number("01", 2));
    if (month < 1 || month > 12) return out_of_range("month");
    TRY(expect("-"));
    TRY(int64_t day, number("02", 2));
    TRY(expect("T"));
    TRY(int64_t hour, number("15", 2));
    if (hour > 23) return out_of_range("hour");
    TRY(expect(":"));
    TRY(int64_t minute, number("04", 2));
    if (minute > 59) return out_of_range("minute");
    TRY(expect(":"));
    TRY(int64_t second, number("05", 2));
    if (second > 59) return out_of_range("second");
    int32_t nanos = fraction();
    TRY(int64_t offset, zone());
    if (!rest_.empty()) return problem(cat({": extra text: ", quote(rest_)}));
    if (day < 1 || day > days_in_month(year, static_cast<int>(month))) return out_of_range("day");
    Time time;
    time.seconds = days_of({year, static_cast<int>(month), static_cast<int>(day)}) * 86400 + hour * 3600 + minute * 60 +
                   second - offset;
    time.nanos = nanos;
    return time;
  }

 private:
  std::unexpected<Error> problem(std::string_view what) const {
    return fail(Code::BadRequest, cat({"parsing time ", quote(text_), what}));
  }
  std::unexpected<Error> out_of_range(std::string_view what) const {
    return problem(cat({": ", what, " out of range"}));
  }
  std::unexpected<Error> cannot_parse(std::string_view rest, std::string_view element) const {
    return problem(cat({" as \"2006-01-02T15:04:05Z07:00\": cannot parse ", quote(rest), " as ", quote(element)}));
  }

  Result<int64_t> number(std::string_view element, size_t width) {
    if (rest_.size() < width) return cannot_parse(rest_, element);
    int64_t value = 0;
    for (char c : rest_.substr(0, width)) {
      if (!is_digit(c)) return cannot_parse(rest_, element);
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  Result<void> expect(std::string_view separator) {
    if (!rest_.starts_with(separator)) return cannot_parse(rest_, separator);
    rest_.remove_prefix(separator.size());
    return {};
  }

  int32_t fraction() {
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1])) return 0;
    rest_.remove_prefix(1);
    int32_t nanos = 0;
    int digits = 0;
    for (; !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1)) {
      if (digits++ < 9) nanos = nanos * 10 + (rest_[0] - '0');
    }
    for (; digits < 9; ++digits) nanos *= 10;
    return nanos;
  }

  Result<int64_t> zone() {  // seconds east of UTC
    if (rest_.starts_with("Z")) {
      rest_.remove_prefix(1);
      return 0;
    }
    auto part = [&](size_t at) -> int64_t {
      if (!is_digit(rest_[at]) || !is_digit(rest_[at + 1])) return 100;
      return (rest_[at] - '0') * 10 + (rest_[at + 1] - '0');
    };
    bool shaped = rest_.size() >= 6 && (rest_[0] == '+' || rest_[0] == '-') && rest_[3] == ':';
    if (!shaped || part(1) > 99 || part(4) > 99) return cannot_parse(rest_, "Z07:00");
    int64_t hours = part(1);
    int64_t minutes = part(4);
    if (hours > 24) return out_of_range("time zone offset hour");
    if (minutes > 60) return out_of_range("time zone offset minute");
    int64_t seconds = hours * 3600 + minutes * 60;
    if (rest_[0] == '-') seconds = -seconds;
    rest_.remove_prefix(6);
    return seconds;
  }

  std::string_view text_;
  std::string_view rest_;
};

// `value` units of 10^-digits, without trailing zeros: (1500, 3) is "1.5".
std::string decimal(uint64_t value, int digits) {
  uint64_t power = 1;
  for (int i = 0; i < digits; ++i) power *= 10;
  std::string out = std::to_string(value / power);
  std::string fraction;
  append_digits(fraction, static_cast<int64_t>(value % power), digits);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) out += '.';
  return out + fraction;
}

int64_t unit_ns(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return 1000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return kSecond;
  if (unit == "m") return 60 * kSecond;
  if (unit == "h") return 3600 * kSecond;
  return 0;
}

std::string two_units(int64_t large, std::string_view large_unit, int64_t small, std::string_view small_unit) {
  std::string out = cat({std::to_string(large), large_unit});
  if (small != 0) out += cat({std::to_string(small), small_unit});
  return out;
}

}  // namespace

Time Time::from_ns(int64_t ns) {
  int64_t seconds = ns / kSecond;
  int64_t nanos = ns % kSecond;
  if (nanos < 0) {
    nanos += kSecond;
    --seconds;
  }
  return {seconds, static_cast<int32_t>(nanos)};
}

std::string format_rfc3339(Time time) {
  return format_seconds(time) + 'Z';
}

std::string format_rfc3339_micro(Time time) {
  std::string out = format_seconds(time);
  out += '.';
  append_digits(out, time.nanos / 1000, 6);
  out += 'Z';
  return out;
}

Result<Time> parse_rfc3339(std::string_view text) {
  return TimeParser(text).parse();
}

std::string format_duration(int64_t ns) {
  if (ns == 0) return "0s";
  uint64_t left = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::string out = ns < 0 ? "-" : "";
  if (left < 1000) return out + std::to_string(left) + "ns";
  if (left < 1'000'000) return out + decimal(left, 3) + "\u00b5s";
  if (left < kSecond) return out + decimal(left, 6) + "ms";
  uint64_t minutes = left / (60 * kSecond);
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + decimal(left % (60 * kSecond), 9) + "s";
}

Result<int64_t> parse_duration(std::string_view text) {
  auto problem = [&](std::string_view what) {
    return fail(Code::BadRequest, cat({"time: ", what, " duration ", quote(text)}));
  };
  std::string_view rest = text;
  bool negative = rest.starts_with("-");
  if (negative || rest.starts_with("+")) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return problem("invalid");
  __int128 total = 0;
  constexpr __int128 kLimit = __int128{1} << 63;
  while (!rest.empty()) {
    __int128 whole = 0;
    size_t at = 0;
    for (; at < rest.size() && is_digit(rest[at]); ++at) {
      whole = whole * 10 + (rest[at] - '0');
      if (whole > kLimit) return problem("invalid");
    }
    bool any = at > 0;
    double fraction = 0;
    double scale = 1;
    if (at < rest.size() && rest[at] == '.') {
      for (++at; at < rest.size() && is_digit(rest[at]); ++at) {
        any = true;
        if (scale < 1e18) {
          fraction = fraction * 10 + (rest[at] - '0');
          scale *= 10;
        }
      }
    }
    if (!any) return problem("invalid");
    rest.remove_prefix(at);
    size_t end = 0;
    while (end < rest.size() && rest[end] != '.' && !is_digit(rest[end])) ++end;
    if (end == 0) return problem("missing unit in");
    int64_t unit = unit_ns(rest.substr(0, end));
    if (unit == 0) return problem(cat({"unknown unit ", quote(rest.substr(0, end)), " in"}));
    total += whole * unit + static_cast<int64_t>(fraction * (static_cast<double>(unit) / scale));
    if (total > kLimit) return problem("invalid");
    rest.remove_prefix(end);
  }
  if (negative) return static_cast<int64_t>(-total);
  if (total == kLimit) return problem("invalid");
  return static_cast<int64_t>(total);
}

std::string human_duration(int64_t ns) {
  int64_t seconds = ns / kSecond;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return std::to_string(seconds) + "s";
  int64_t minutes = seconds / 60;
  if (minutes < 10) return two_units(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return std::to_string(minutes) + "m";
  int64_t hours = minutes / 60;
  if (hours < 8) return two_units(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  int64_t days = hours / 24;
  if (days < 8) return two_units(days, "d", hours % 24, "h");
  if (days < 730) return std::to_string(days) + "d";
  if (days < 2920) return two_units(days / 365, "y", days % 365, "d");
  return std::to_string(days / 365) + "y";
}

}  // namespace base
