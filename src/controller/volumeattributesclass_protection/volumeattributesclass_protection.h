// Holds a VolumeAttributesClass that is being deleted while a claim or volume names it: the finalizer
// kubernetes.io/vac-protection.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_volumeattributesclass_protection_controller(Context& context);

}  // namespace controller
