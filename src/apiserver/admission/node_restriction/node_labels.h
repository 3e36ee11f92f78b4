// The labels that a kubelet may put on its own node. Kubernetes documentation, "NodeRestriction".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace apiserver {

using NodeLabels = std::map<std::string, std::string, std::less<>>;

// Kubernetes' own labels that are not a kubelet's to set, and whatever is kept for those who isolate nodes.
bool is_forbidden_to_kubelets(std::string_view label);
// Those of the labels that differ between the two and are forbidden, in order.
std::vector<std::string> forbidden_labels(const NodeLabels& next, const NodeLabels& before);

}  // namespace apiserver
