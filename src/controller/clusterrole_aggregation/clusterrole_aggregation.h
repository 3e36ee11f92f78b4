// Cluster roles that are the sum of others: what their aggregationRule selects. Kubernetes documentation, "Using RBAC
// Authorization", "Aggregated ClusterRoles".
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_clusterrole_aggregation_controller(Context& context);

}  // namespace controller
