// Whether a node is one where a pod may be: what daemon sets ask without a scheduler.
#pragma once

#include <string_view>
#include <vector>

#include "api/core_v1.h"

namespace controller {

bool tolerates(const api::core_v1::Toleration& toleration, const api::core_v1::Taint& taint);
// Whether each taint of that effect is tolerated.
bool tolerates_all(const std::vector<api::core_v1::Toleration>& tolerations,
                   const std::vector<api::core_v1::Taint>& taints, std::string_view effect);
// Node name, node selector and required node affinity.
bool is_selected(const api::core_v1::PodSpec& spec, const api::core_v1::Node& node);

}  // namespace controller
