// Prefers nodes where resources, cpu and memory unless said otherwise, would be used in like shares.
#pragma once

#include "scheduler/core/plugin.h"
#include "scheduler/plugin/node_resources/weighed.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_resources_balanced_allocation(std::vector<WeighedResource> resources = kCpuAndMemory);

}  // namespace scheduler
