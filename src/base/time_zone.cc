#include "base/time_zone.h"

#define USE_OS_TZDB 1  // as Debian builds the library: it reads the machine's database
#include <date/tz.h>

#include <cstdlib>
#include <limits>

#include "base/strings.h"

namespace base {

Result<TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC") return TimeZone();
  try {
    return TimeZone(date::locate_zone(name));
  } catch (const std::exception&) {
    return fail(Code::BadRequest, cat({"unknown time zone ", name}));
  }
}

TimeZone TimeZone::local() {
  if (const char* name = std::getenv("TZ"); name != nullptr) return find(name).value_or(TimeZone());
  try {
    return TimeZone(date::current_zone());
  } catch (const std::exception&) {
    return {};
  }
}

TimeZone::Stretch TimeZone::at(int64_t seconds) const {
  if (zone_ == nullptr) return {.end = std::numeric_limits<int64_t>::max(), .offset = 0};
  auto info = zone_->get_info(date::sys_seconds(std::chrono::seconds(seconds)));
  return {.end = info.end.time_since_epoch().count(), .offset = info.offset.count()};
}

std::string TimeZone::format_rfc3339(Time time) const {
  int64_t minutes = at(time.seconds).offset / 60;
  if (minutes == 0) return base::format_rfc3339(time);
  std::string text = base::format_rfc3339({time.seconds + minutes * 60, time.nanos});
  text.pop_back();  // the Z
  auto two = [](int64_t value) {
    return std::string{static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
  };
  int64_t size = std::abs(minutes);
  return cat({text, minutes < 0 ? "-" : "+", two(size / 60), ":", two(size % 60)});
}

}  // namespace base
