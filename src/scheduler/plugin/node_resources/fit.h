// A node has what the pod requests; and how full a node should be is a matter of the strategy: the emptiest first
// unless said otherwise. Kubernetes documentation, "Resource Bin Packing".
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/devices.h"
#include "scheduler/core/plugin.h"
#include "scheduler/plugin/node_resources/weighed.h"

namespace scheduler {

enum class FitStrategy : uint8_t { LeastAllocated, MostAllocated, RequestedToCapacityRatio };

// The score at a utilization; between two points it is on the line from one to the other.
struct ShapePoint {
  int64_t utilization = 0;  // per cent
  int64_t score = 0;        // 0 to kScoreMax
};

struct FitSettings {
  FitStrategy strategy = FitStrategy::LeastAllocated;
  std::vector<WeighedResource> resources = kCpuAndMemory;
  std::vector<ShapePoint> shape;  // of RequestedToCapacityRatio, by utilization
  // Extended resources that nodes need not have: by name, or by what stands before the slash.
  std::vector<std::string> ignored_resources;
  std::vector<std::string> ignored_groups;
};

// What the strategy says of `node` with `pod` on it, 0 to kScoreMax.
int64_t score_fit(const FitSettings& settings, const PodInfo& pod, const NodeInfo& node);

// `devices` may be null.
std::unique_ptr<Plugin> make_node_resources_fit(const Devices* devices, FitSettings settings = {});

}  // namespace scheduler
