// Which nodes a pod asks for by label and name. Kubernetes documentation, "Assigning Pods to Nodes".
#pragma once

#include "api/core_v1.h"

namespace placement {

// nodeSelector and required node affinity, both.
bool matches_node(const api::core_v1::PodSpec& spec, const api::core_v1::Node& node);
// All expressions of the term; a term without any matches nothing.
bool matches_term(const api::core_v1::NodeSelectorTerm& term, const api::core_v1::Node& node);
// Any of its terms.
bool matches_selector(const api::core_v1::NodeSelector& selector, const api::core_v1::Node& node);

}  // namespace placement
