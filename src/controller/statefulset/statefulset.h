// Keeps pods with stable names and storage, in order.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_statefulset_controller(Context& context);

}  // namespace controller
