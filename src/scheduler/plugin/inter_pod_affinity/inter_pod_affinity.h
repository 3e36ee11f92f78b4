#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

struct InterPodAffinitySettings {
  // What a required term of a placed pod is worth to the pod it asks for, in points of preferred ones; 0 to 100.
  int64_t hard_weight = 1;
  // Pods that prefer nothing themselves are not drawn to, nor kept off, those that do.
  bool only_own_preferences = false;
};

// A pod near the pods it demands or prefers, and away from those it does not bear, or that do not bear it.
// Kubernetes documentation, "Inter-pod affinity and anti-affinity".
std::unique_ptr<Plugin> make_inter_pod_affinity(InterPodAffinitySettings settings = {});

}  // namespace scheduler
