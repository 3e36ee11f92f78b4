// The rules of jobs and of what starts them by the clock. Pure. `current` null: at birth.
#pragma once

#include "api/batch_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_job(const api::batch_v1::Job& next, const api::batch_v1::Job* current);
schema::FieldErrors validate_job_status(const api::batch_v1::Job& next, const api::batch_v1::Job& current);
schema::FieldErrors validate_cron_job(const api::batch_v1::CronJob& next, const api::batch_v1::CronJob* current);

}  // namespace apiserver
