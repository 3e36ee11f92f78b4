// Keeps one pod of a daemon set on every node that fits.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_daemonset_controller(Context& context);

}  // namespace controller
