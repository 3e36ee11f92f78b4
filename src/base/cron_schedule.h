// Cron schedules, as upstream reads them: five fields ("*/5 9-17 * jan-jun mon,fri"), "@daily" and the like, "@every
// 90m". Fields are what clocks show in the zone that "TZ=Europe/Berlin " or "CRON_TZ=..." before them names, else in
// the process's own: a moment that clocks skip does not come, one that they show twice comes twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace base {

class CronSchedule {
 public:
  // BadRequest says what cannot be read.
  static Result<CronSchedule> parse(std::string_view text);

  // The first moment after `time`; nothing within five years (30 February).
  std::optional<Time> next(Time time) const;

 private:
  bool matches_day(int64_t days) const;
  // The first matching moment of a clock in [from, end), both in whole minutes.
  std::optional<int64_t> next_minute(int64_t from, int64_t end) const;

  // Bit n: the value n.
  uint64_t minutes_ = 0, hours_ = 0, days_of_month_ = 0, months_ = 0, days_of_week_ = 0;
  bool any_day_of_month_ = false, any_day_of_week_ = false;
  TimeZone zone_;
  int64_t every_seconds_ = 0;  // of @every; the fields are then unused
};

}  // namespace base
