// What a pod asks for and may use at most, all in all. Kubernetes documentation, "Resource sharing within containers".
#pragma once

#include <map>
#include <string>

#include "api/core_v1.h"

namespace quota {

using Amounts = std::map<std::string, base::Quantity, std::less<>>;

// Containers and sidecars run together; other init containers alone, one after another, beside the sidecars before
// them.
Amounts pod_requests(const api::core_v1::PodSpec& spec);
Amounts pod_limits(const api::core_v1::PodSpec& spec);

}  // namespace quota
