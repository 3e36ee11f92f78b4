#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

// A pod near the pods it demands or prefers, and away from those it does not bear, or that do not bear it.
// Kubernetes documentation, "Inter-pod affinity and anti-affinity".
std::unique_ptr<Plugin> make_inter_pod_affinity();

}  // namespace scheduler
