// Young features of nodes, which a node declares in status.declaredFeatures so that others know whether it has them.
// Kubernetes documentation, "Node Declared Features".
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "api/core_v1.h"

namespace placement {

using Features = std::vector<std::string_view>;

// What this version's kubelet declares, sorted.
std::span<const std::string_view> declared_features();
// What a node must have for the pod to run there as it is written.
Features features_to_run(const api::core_v1::PodSpec& spec);
// What its node must have for the pod to become the next one.
Features features_to_change(const api::core_v1::PodSpec& next, const api::core_v1::PodSpec& current);
// Those that the node does not declare.
Features missing_features(const Features& needed, const api::core_v1::Node& node);

}  // namespace placement
