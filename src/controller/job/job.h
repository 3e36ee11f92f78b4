// Runs pods until enough of them have succeeded.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_job_controller(Context& context);

}  // namespace controller
