// Brings claims and volumes together, asks provisioners for volumes, and says what becomes of those that are released.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_persistentvolume_binder(Context& context);

}  // namespace controller
