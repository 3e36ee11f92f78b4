// What a KubeSchedulerConfiguration says of how pods are placed.
#pragma once

#include "api/kubescheduler_config_k8s_io_v1.h"
#include "base/result.h"
#include "scheduler/scheduler.h"

namespace navarch {

// BadRequest, with all that is wrong: values out of their bounds, plugins that are not there, and what is not supported
// (extenders; leaving out what binds pods and volumes).
base::Result<scheduler::SchedulerOptions> read_scheduler_options(
    const api::kubescheduler_config_k8s_io_v1::KubeSchedulerConfiguration& from);

}  // namespace navarch
