// Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer taints of effect
// PreferNoSchedule.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_taint_toleration();

}  // namespace scheduler
