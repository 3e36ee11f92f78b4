// What this program calls itself and which Kubernetes it is.
#pragma once

namespace navarch {

inline constexpr const char* kNavarchVersion = "0.1.0";
inline constexpr const char* kKubernetesVersion = "v1.36.2";

}  // namespace navarch
