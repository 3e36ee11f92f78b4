// Prefers nodes where cpu and memory would be used in like shares.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_resources_balanced_allocation();

}  // namespace scheduler
