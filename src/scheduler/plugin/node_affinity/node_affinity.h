// Node selectors and node affinity, required and preferred.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_affinity();

}  // namespace scheduler
