// Mirrors Endpoints that somebody else writes, for services without a selector, as endpoint slices.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_endpointslice_mirroring_controller(Context& context);

}  // namespace controller
