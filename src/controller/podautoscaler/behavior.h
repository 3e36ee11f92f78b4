// How fast the size of a workload may follow what its metrics ask for: limits, rates and stabilization. Pure; the
// present comes as an argument. Kubernetes documentation, "Horizontal Pod Autoscaling", "Configurable scaling
// behavior".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/autoscaling_v2.h"
#include "base/time.h"

namespace controller::autoscaling {

// What is remembered of one autoscaler, in memory only.
struct History {
  struct Entry {
    int32_t pods = 0;
    base::Time at;
  };
  std::vector<Entry> recommendations;  // sizes that metrics asked for
  std::vector<Entry> added, removed;   // numbers of pods

  // To be told of each change of size.
  void note_scaled(int32_t from, int32_t to, base::Time now);
};

struct Bounds {
  int32_t min = 1;
  int32_t max = 1;
};

struct Notice {
  bool holds = false;
  std::string_view reason, message;
};

struct Settled {
  int32_t replicas = 0;
  Notice able;     // for the condition AbleToScale
  Notice limited;  // for ScalingLimited
};

// What becomes of the wish for `desired` pods where `current` are wanted now. It is remembered. `behavior` may be null;
// `downscale_seconds` is for how long the highest wish holds where it does not say.
Settled settle(History& history, const api::autoscaling_v2::HorizontalPodAutoscalerBehavior* behavior, Bounds bounds,
               int32_t current, int32_t desired, int64_t downscale_seconds, base::Time now);

}  // namespace controller::autoscaling
