// Removes pods nobody else will: of nodes that are gone, deleted before they were bound, ended and too many.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/common/pods.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_pod_gc_controller(Context& context);

// The ended pods beyond `threshold`, oldest first; none when it is not positive. Evicted pods go before others. Pure.
std::vector<PodPointer> surplus_of_ended(std::vector<PodPointer> pods, int threshold);

}  // namespace controller
