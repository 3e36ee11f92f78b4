// What is remembered of device plugins in device-plugins/kubelet_internal_checkpoint, in upstream's form: which
// container has which devices, what its plugin wants done for it, and which devices there were. Blocking.
#pragma once

#include <string>

#include "base/result.h"
#include "kubelet/device_plugins/inventory.h"

namespace kubelet {

base::Result<void> write_device_record(const std::string& path, const DeviceInventory& inventory);
// Into an empty inventory; nothing when there is no such file. Invalid when it is damaged.
base::Result<void> read_device_record(const std::string& path, DeviceInventory& inventory);

}  // namespace kubelet
