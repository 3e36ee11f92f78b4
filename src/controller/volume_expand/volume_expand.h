// Tells who makes a claim larger once it asks for more than its volume has: the driver's resizer.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_volume_expand_controller(Context& context);

}  // namespace controller
