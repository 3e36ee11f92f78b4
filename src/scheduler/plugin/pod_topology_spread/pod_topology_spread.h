#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

// Pods of a kind spread over zones, nodes or other topologies. A pod that says nothing is spread from others of its
// controller, over nodes and zones, as well as it can be. Kubernetes documentation, "Pod Topology Spread Constraints".
std::unique_ptr<Plugin> make_pod_topology_spread();

}  // namespace scheduler
