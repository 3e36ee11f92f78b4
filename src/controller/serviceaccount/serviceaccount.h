// Sees to it that every namespace has the service account "default".
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_serviceaccount_controller(Context& context);

}  // namespace controller
