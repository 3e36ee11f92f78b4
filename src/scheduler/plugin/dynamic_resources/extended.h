// Extended resources that devices stand behind: the claim that is made for a pod which asks for them. Pure. Kubernetes
// documentation, "Dynamic Resource Allocation", "Extended resource allocation by DRA".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/core/devices.h"
#include "scheduler/core/node_info.h"

namespace scheduler::dynamic_resources {

// Of what the pod asks for, what there are classes of devices for.
std::set<std::string> backed_resources(const PodInfo& pod, const Devices& devices);
// Of these, what the node itself does not have, so that devices must stand in.
std::set<std::string> missing_on(const NodeInfo& node, const std::set<std::string>& resources);

struct ExtendedClaim {
  Devices::Claim claim;  // to be created
  std::vector<api::core_v1::ContainerExtendedResourceRequest> mappings;
};
// Containers that run beside each other have a request each. Init containers, which run one after the other, share what
// later containers have, and beyond that one request, the largest.
ExtendedClaim claim_for(const api::core_v1::Pod& pod, const std::set<std::string>& resources, const Devices& devices);

}  // namespace scheduler::dynamic_resources
