// Deletes pods that use devices with a NoExecute taint which their claims do not tolerate, or no longer. Kubernetes
// documentation, "Dynamic Resource Allocation", "Device taints and tolerations".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/resource_k8s_io_v1.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_device_taint_eviction_controller(Context& context);

// When somebody who was given the device has to leave it; nothing: never.
std::optional<base::Time> device_eviction_time(
    const std::vector<api::resource_k8s_io_v1::DeviceTaint>& taints,
    const std::vector<api::resource_k8s_io_v1::DeviceToleration>& tolerations, base::Time now);

}  // namespace controller
