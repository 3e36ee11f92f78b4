// Keeps ranges of service addresses: marks a ServiceCIDR that may be used as Ready, and holds one that is being
// deleted, by a finalizer, while services have addresses of it that no other range contains. Kubernetes documentation,
// "Extend Service IP Ranges".
#pragma once

#include <memory>
#include <vector>

#include "api/networking_k8s_io_v1.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_service_cidr_controller(Context& context);

// Whether nothing would be left outside of every range if this one went. Pure.
bool can_go(const api::networking_k8s_io_v1::ServiceCIDR& range,
            const std::vector<std::shared_ptr<const api::networking_k8s_io_v1::ServiceCIDR>>& ranges,
            const std::vector<std::shared_ptr<const api::networking_k8s_io_v1::IPAddress>>& addresses);

}  // namespace controller
