// Holds a claim that is being deleted until no pod uses it any more: the finalizer kubernetes.io/pvc-protection.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_pvc_protection_controller(Context& context);

}  // namespace controller
