// Writes the endpoint slices of services that have a selector.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_endpointslice_controller(Context& context);

}  // namespace controller
