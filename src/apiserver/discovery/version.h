// What we claim to be: the version whose API this is.
#pragma once

#include <string_view>

namespace apiserver {

inline constexpr std::string_view kMajor = "1";
inline constexpr std::string_view kMinor = "36";
inline constexpr std::string_view kGitVersion = "v1.36.2+navarch";

}  // namespace apiserver
