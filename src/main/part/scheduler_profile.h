// A profile of a KubeSchedulerConfiguration.
#pragma once

#include "api/kubescheduler_config_k8s_io_v1.h"
#include "scheduler/profile.h"
#include "schema/field_error.h"

namespace navarch {

// What it does not say is as in `common`. What is wrong with it is added to the errors.
scheduler::Profile read_scheduler_profile(const api::kubescheduler_config_k8s_io_v1::KubeSchedulerProfile& from,
                                          scheduler::Profile common, const schema::FieldPath& path,
                                          schema::FieldErrors& errors);

void check_percentage(const schema::FieldPath& path, int64_t value, schema::FieldErrors& errors);

}  // namespace navarch
