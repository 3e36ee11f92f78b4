// Sizes workloads by what their pods, or other things, use. Kubernetes documentation, "Horizontal Pod Autoscaling".
//
// Each autoscaler is looked at when it is new or changed, and every sync period from then on.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_podautoscaler_controller(Context& context);

}  // namespace controller
