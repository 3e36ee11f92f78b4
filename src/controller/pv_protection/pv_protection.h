// Holds a volume that is being deleted while it is bound: the finalizer kubernetes.io/pv-protection.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_pv_protection_controller(Context& context);

}  // namespace controller
