// Keeps pods off nodes that do not declare the young features the pods ask for.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_declared_features();

}  // namespace scheduler
