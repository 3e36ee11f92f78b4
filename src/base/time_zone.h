// A time zone of the IANA database, as the machine has it (Debian's tzdata). A small value; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace date {
class time_zone;
}

namespace base {

class TimeZone {
 public:
  // A stretch of time, in seconds since 1970, through which clocks are the same number of seconds before UTC.
  struct Stretch {
    int64_t end;  // the first second after it
    int64_t offset;
  };

  TimeZone() = default;  // UTC
  // By name ("Europe/Berlin"). BadRequest, "unknown time zone NAME", for one that the machine does not know.
  static Result<TimeZone> find(std::string_view name);
  // The one that TZ names, else the machine's; UTC where neither says one.
  static TimeZone local();

  // The stretch that holds the moment.
  Stretch at(int64_t seconds) const;
  // "2026-07-01T09:30:00+02:00"; in UTC "...Z".
  std::string format_rfc3339(Time time) const;

 private:
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_ = nullptr;  // lives as long as the process; UTC when null
};

}  // namespace base
