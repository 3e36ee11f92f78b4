// What a mirror pod must not refer to: it would let its node read what no pod on it uses.
#pragma once

#include <string_view>

#include "api/core_v1.h"

namespace apiserver {

// "a service account", "secrets", ...; "" when the pod refers to nothing of the sort.
std::string_view forbidden_reference(const api::core_v1::PodSpec& spec);

}  // namespace apiserver
