// What jobs and the templates of jobs have in common.
#pragma once

#include "api/batch_v1.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

void check_job_spec(Report& report, const api::batch_v1::JobSpec& spec, const api::core_v1::PodTemplateSpec* current,
                    const Place& at);
void check_pod_failure_policy(Report& report, const api::batch_v1::JobSpec& spec, const Place& at);
void check_success_policy(Report& report, const api::batch_v1::JobSpec& spec, const Place& at);

}  // namespace apiserver
