// Tells in the status of validating admission policies what their expressions get wrong about the kinds they are for.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_validatingadmissionpolicy_status_controller(Context& context);

}  // namespace controller
