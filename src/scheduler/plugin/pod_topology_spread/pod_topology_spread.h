#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

// What holds for pods that have a controller and say nothing themselves. Absent: they are spread over nodes and zones
// as well as they can be.
using DefaultConstraints = std::optional<std::vector<api::core_v1::TopologySpreadConstraint>>;

// Pods of a kind spread over zones, nodes or other topologies. A pod that says nothing is spread from others of its
// controller, over nodes and zones, as well as it can be. Kubernetes documentation, "Pod Topology Spread Constraints".
std::unique_ptr<Plugin> make_pod_topology_spread(DefaultConstraints defaults = {});

}  // namespace scheduler
