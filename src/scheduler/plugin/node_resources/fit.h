// A node has what the pod requests; and the one with the most left is preferred (LeastAllocated).
#pragma once

#include "scheduler/core/devices.h"
#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_resources_fit(const Devices* devices);

}  // namespace scheduler
