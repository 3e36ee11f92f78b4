// Asks drivers to attach the volumes of a node's pods to it, and to detach what no pod there uses: makes and deletes
// VolumeAttachments, and keeps volumesAttached in the node's status.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_attachdetach_controller(Context& context);

}  // namespace controller
