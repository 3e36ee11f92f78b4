// How the devices are that a pod's containers have, as its status says it. Kubernetes documentation, "Device Plugins",
// "Device plugin health monitoring". Pure.
#pragma once

#include "kubelet/device_plugins/inventory.h"

namespace kubelet {

// Sets allocatedResourcesStatus of the containers that have devices of plugins.
void show_device_health(core::PodStatus& status, const std::string& pod_uid, const DeviceInventory& inventory);

}  // namespace kubelet
