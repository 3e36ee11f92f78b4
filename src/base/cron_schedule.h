// Cron schedules, as upstream reads them: five fields ("*/5 9-17 * jan-jun mon,fri"), "@daily" and the like, "@every
// 90m". In UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace base {

class CronSchedule {
 public:
  // BadRequest says what cannot be read.
  static Result<CronSchedule> parse(std::string_view text);

  // The first moment after `time`; nothing within five years (30 February).
  std::optional<Time> next(Time time) const;

 private:
  bool matches_day(int64_t days) const;

  // Bit n: the value n.
  uint64_t minutes_ = 0, hours_ = 0, days_of_month_ = 0, months_ = 0, days_of_week_ = 0;
  bool any_day_of_month_ = false, any_day_of_week_ = false;
  int64_t every_seconds_ = 0;  // of @every; the fields are then unused
};

}  // namespace base
