// A pod's topology spread constraints, ready for counting.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/node_info.h"
#include "scheduler/core/pod_info.h"

namespace scheduler {

struct SpreadConstraint {
  std::string topology_key;
  schema::LabelSelector selector;
  int64_t skew_max = 1;
  int64_t domains_min = 1;
  bool honors_affinity = true;  // nodes that the pod's own node affinity excludes are not counted
  bool honors_taints = false;   // nor those whose taints it does not tolerate
  bool by_owner = false;        // spreads the pods of one controller, instead of those selected
};

using GivenConstraints = std::vector<api::core_v1::TopologySpreadConstraint>;

// Those of the pod with this whenUnsatisfiable: DoNotSchedule, ScheduleAnyway. For a pod that has a controller and no
// constraints at all those of `defaults`, among the pods of its controller.
std::vector<SpreadConstraint> spread_constraints(const PodInfo& pod, const GivenConstraints& defaults,
                                                 std::string_view when_unsatisfiable);

// Whether the node counts for the constraint of this pod.
bool is_counted(const SpreadConstraint& constraint, const api::core_v1::PodSpec& spec, const NodeInfo& node);
// Whether the node has the topologies of all constraints.
bool has_topologies(const std::vector<SpreadConstraint>& constraints, const NodeInfo& node);
// Whether `other` is one of the pods that the constraint spreads from each other.
bool is_spread(const SpreadConstraint& constraint, const PodInfo& pod, const PodInfo& other);

}  // namespace scheduler
