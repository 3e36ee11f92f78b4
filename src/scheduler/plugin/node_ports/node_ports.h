// A host port is given once per node, protocol and address.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_ports();

}  // namespace scheduler
