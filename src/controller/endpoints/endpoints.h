// Writes the Endpoints (the older form of endpoint slices) of services that have a selector.
#pragma once

#include <memory>

#include "api/core_v1.h"
#include "controller/common/pods.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_endpoints_controller(Context& context);

// The Endpoints a service should have; `current` is what it has, or null. Pure.
api::core_v1::Endpoints plan_endpoints(const api::core_v1::Service& service, const std::vector<PodPointer>& pods,
                                       const api::core_v1::Endpoints* current);

}  // namespace controller
