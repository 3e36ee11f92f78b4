// Empties namespaces that are being deleted, and lets them go.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_namespace_controller(Context& context);

}  // namespace controller
