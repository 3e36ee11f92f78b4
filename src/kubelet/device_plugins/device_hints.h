// Where devices of plugins could come from, for those who bring a container's resources together. Pure.
#pragma once

#include "kubelet/alignment/hints.h"
#include "kubelet/device_plugins/inventory.h"

namespace kubelet {

// Of the resources that the container asks for. A resource whose devices are near to no node in particular does not
// care.
Hints device_hints(const DeviceInventory& inventory, const core::Pod& pod, const core::Container& container);

}  // namespace kubelet
