// Rolls a deployment's pod template out, one replica set per template.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_deployment_controller(Context& context);

}  // namespace controller
