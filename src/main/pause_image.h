// The image of the process that holds a pod's namespaces: ours, carried in the program.
#pragma once

#include <string>

#include "base/result.h"

namespace navarch {

inline constexpr const char* kPauseImage = "navarch.local/pause:1";

// As a docker archive.
base::Result<std::string> make_pause_image();

}  // namespace navarch
