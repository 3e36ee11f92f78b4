// Prefers nodes that already have the pod's images, the larger the better.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

std::unique_ptr<Plugin> make_image_locality();

}  // namespace scheduler
