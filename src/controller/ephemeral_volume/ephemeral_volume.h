// Makes the claims of pods' ephemeral volumes, owned by the pod. Kubernetes documentation, "Ephemeral Volumes".
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_ephemeral_volume_controller(Context& context);

}  // namespace controller
