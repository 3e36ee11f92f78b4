// Keeps pods off nodes that are cordoned (spec.unschedulable), unless they tolerate it.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_unschedulable();

}  // namespace scheduler
