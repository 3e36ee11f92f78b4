// Starts jobs at the times of a schedule.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/batch_v1.h"
#include "base/cron_schedule.h"
#include "base/time.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_cronjob_controller(Context& context);

namespace cronjob {

// Where a cron job stands with its schedule.
struct Due {
  std::optional<base::Time> time;  // the latest moment that has come and was not used
  std::optional<base::Time> next;  // the next one to come
  bool too_late = false;           // `time` is past its starting deadline
  bool too_many = false;           // more than 100 were missed
};
Due due(const api::batch_v1::CronJob& cron_job, const base::CronSchedule& schedule, base::Time now);

api::batch_v1::Job make_job(const api::batch_v1::CronJob& cron_job, base::Time scheduled);

}  // namespace cronjob
}  // namespace controller
