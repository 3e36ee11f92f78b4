// A pod that names its node goes there or nowhere.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_name();

}  // namespace scheduler
