// No more of a driver's volumes on a node than the driver says in the node's CSINode.
#pragma once

#include <memory>

#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler {

std::unique_ptr<Plugin> make_node_volume_limits(const Storage& storage);

}  // namespace scheduler
