// Publishes the cluster's CA in every namespace, as the config map "kube-root-ca.crt".
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_root_ca_publisher(Context& context);

}  // namespace controller
