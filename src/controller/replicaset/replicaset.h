// Keeps as many pods as a replica set, or a replication controller, asks for.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_replicaset_controller(Context& context);
std::unique_ptr<Controller> make_replicationcontroller_controller(Context& context);

}  // namespace controller
