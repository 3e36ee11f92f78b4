// What the API server itself knows about pods.
#pragma once

#include <string>

#include "api/core_v1.h"

namespace apiserver {

// Kubernetes documentation, "Pod Quality of Service Classes".
std::string qos_class(const api::core_v1::PodSpec& spec);

}  // namespace apiserver
