#include "scheduler/plugin/pod_topology_spread/constraint.h"

#include <algorithm>

#include "placement/node_selector.h"
#include "placement/toleration.h"

namespace scheduler {

std::vector<SpreadConstraint> spread_constraints(const PodInfo& pod, const GivenConstraints& defaults,
                                                 std::string_view when_unsatisfiable) {
  std::vector<SpreadConstraint> out;
  const auto& own = pod.pod->spec.topology_spread_constraints;
  bool by_owner = own.empty() && pod.owner != 0;
  for (const auto& given : by_owner ? defaults : own) {
    if (given.when_unsatisfiable != when_unsatisfiable) continue;
    SpreadConstraint& made = out.emplace_back();
    made.topology_key = given.topology_key;
    made.by_owner = by_owner;
    made.selector = schema::LabelSelector::nothing();
    if (given.label_selector) {
      made.selector = schema::LabelSelector::from(*given.label_selector).value_or(schema::LabelSelector::nothing());
    }
    made.skew_max = given.max_skew;
    made.domains_min = given.min_domains.value_or(1);
    made.honors_affinity = given.node_affinity_policy.value_or("Honor") == "Honor";
    made.honors_taints = given.node_taints_policy.value_or("Ignore") == "Honor";
  }
  return out;
}

bool is_counted(const SpreadConstraint& constraint, const api::core_v1::PodSpec& spec, const NodeInfo& node) {
  if (constraint.honors_affinity && !placement::matches_node(spec, *node.node)) return false;
  if (!constraint.honors_taints) return true;
  return std::all_of(node.node->spec.taints.begin(), node.node->spec.taints.end(), [&](const auto& taint) {
    return taint.effect == "PreferNoSchedule" || placement::tolerates(spec.tolerations, taint);
  });
}

bool has_topologies(const std::vector<SpreadConstraint>& constraints, const NodeInfo& node) {
  return std::all_of(constraints.begin(), constraints.end(),
                     [&](const auto& constraint) { return node.label(constraint.topology_key) != nullptr; });
}

bool is_spread(const SpreadConstraint& constraint, const PodInfo& pod, const PodInfo& other) {
  if (other.terminating || other.key.namespace_ != pod.key.namespace_) return false;
  return constraint.by_owner ? other.owner == pod.owner : constraint.selector.matches(other.labels);
}

}  // namespace scheduler
