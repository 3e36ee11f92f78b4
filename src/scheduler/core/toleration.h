// Taints and who tolerates them. Kubernetes documentation, "Taints and Tolerations".
#pragma once

#include <vector>

#include "api/core_v1.h"

namespace scheduler {

bool tolerates(const api::core_v1::Toleration& toleration, const api::core_v1::Taint& taint);
bool tolerates(const std::vector<api::core_v1::Toleration>& tolerations, const api::core_v1::Taint& taint);

}  // namespace scheduler
