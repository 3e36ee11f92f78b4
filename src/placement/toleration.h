// Taints and who tolerates them. Kubernetes documentation, "Taints and Tolerations".
#pragma once

#include <string_view>
#include <vector>

#include "api/core_v1.h"

namespace placement {

bool tolerates(const api::core_v1::Toleration& toleration, const api::core_v1::Taint& taint);
bool tolerates(const std::vector<api::core_v1::Toleration>& tolerations, const api::core_v1::Taint& taint);
// Each taint of that effect.
bool tolerates_all(const std::vector<api::core_v1::Toleration>& tolerations,
                   const std::vector<api::core_v1::Taint>& taints, std::string_view effect);

}  // namespace placement
