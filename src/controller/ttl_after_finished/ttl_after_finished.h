// Deletes finished jobs when their ttlSecondsAfterFinished has passed.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_ttl_after_finished_controller(Context& context);

}  // namespace controller
