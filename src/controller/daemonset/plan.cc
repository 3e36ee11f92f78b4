#include "controller/daemonset/plan.h"

#include <algorithm>
#include <map>

#include "controller/common/int_or_percent.h"
#include "controller/common/ownership.h"
#include "controller/common/revisions.h"
#include "placement/node_selector.h"
#include "placement/toleration.h"

namespace controller::daemonset {
namespace {

using api::core_v1::Node;
using api::core_v1::Pod;
using api::core_v1::Toleration;

constexpr std::string_view kGeneration = "deprecated.daemonset.template.generation";
constexpr std::string_view kGenerationLabel = "pod-template-generation";

// A daemon starts on nodes that are not quite well: it may be what makes them well.
std::vector<Toleration> tolerations_of(const api::core_v1::PodSpec& spec) {
  std::vector<Toleration> tolerations = spec.tolerations;
  auto add = [&](std::string_view key, std::string_view effect) {
    Toleration one;
    one.key = key;
    one.operator_ = "Exists";
    one.effect = effect;
    if (std::find(tolerations.begin(), tolerations.end(), one) == tolerations.end())
      tolerations.push_back(std::move(one));
  };
  add("node.kubernetes.io/not-ready", "NoExecute");
  add("node.kubernetes.io/unreachable", "NoExecute");
  add("node.kubernetes.io/disk-pressure", "NoSchedule");
  add("node.kubernetes.io/memory-pressure", "NoSchedule");
  add("node.kubernetes.io/pid-pressure", "NoSchedule");
  add("node.kubernetes.io/unschedulable", "NoSchedule");
  if (spec.host_network) add("node.kubernetes.io/network-unavailable", "NoSchedule");
  return tolerations;
}

bool is_current(const Snapshot& snapshot, const Pod& pod) {
  auto hash = pod.metadata.labels.find(kRevisionHash);
  return hash != pod.metadata.labels.end() && hash->second == snapshot.hash;
}

struct OnNode {
  std::vector<PodPointer> alive;  // active, the oldest first
  std::vector<PodPointer> ended;
  bool leaving = false;  // one is being deleted
};

std::map<std::string, OnNode> by_node(const std::vector<PodPointer>& pods) {
  std::map<std::string, OnNode> nodes;
  for (const PodPointer& pod : pods) {
    OnNode& node = nodes[target_node(*pod)];
    if (is_being_deleted(pod->metadata)) {
      node.leaving = true;
    } else if (is_terminal(*pod)) {
      node.ended.push_back(pod);
    } else {
      node.alive.push_back(pod);
    }
  }
  for (auto& [name, node] : nodes) {
    std::sort(node.alive.begin(), node.alive.end(), [](const PodPointer& a, const PodPointer& b) {
      bool a_unbound = a->spec.node_name.empty(), b_unbound = b->spec.node_name.empty();
      return std::tie(a_unbound, a->metadata.creation_timestamp, a->metadata.name) <
             std::tie(b_unbound, b->metadata.creation_timestamp, b->metadata.name);
    });
  }
  return nodes;
}

struct Limits {
  int32_t unavailable = 1;
  int32_t surge = 0;
};

Limits limits_of(const DaemonSet& set, int32_t desired) {
  Limits limits;
  const auto& rolling = set.spec.update_strategy.rolling_update;
  if (!rolling) return limits;
  if (rolling->max_unavailable) limits.unavailable = scaled(*rolling->max_unavailable, desired, Rounding::Up);
  if (rolling->max_surge) limits.surge = scaled(*rolling->max_surge, desired, Rounding::Up);
  if (limits.unavailable == 0 && limits.surge == 0) limits.unavailable = 1;
  return limits;
}

// Old pods make room for new ones (or, with surge, new ones come first). Only nodes that have settled otherwise are
// looked at.
void roll(const Snapshot& snapshot, const std::vector<NodePointer>& wanted, std::map<std::string, OnNode>& nodes,
          Plan& plan) {
  Limits limits = limits_of(snapshot.set, static_cast<int32_t>(wanted.size()));
  auto available = [&](const PodPointer& pod) {
    return is_available(*pod, snapshot.set.spec.min_ready_seconds, snapshot.now);
  };
  int32_t unavailable = 0, surging = 0;
  std::vector<PodPointer> replaceable;  // old ones that serve
  std::vector<PodPointer> useless;      // old ones that do not
  for (const NodePointer& node : wanted) {
    OnNode& here = nodes[node->metadata.name];
    PodPointer old, current;
    for (const PodPointer& pod : here.alive) (is_current(snapshot, *pod) ? current : old) = pod;
    bool serves = (old && available(old)) || (current && available(current));
    if (!serves) unavailable++;
    if (old && current) {
      surging++;
      if (available(current) || !available(old)) plan.remove.push_back(old);
    } else if (old) {
      (available(old) ? replaceable : useless).push_back(old);
    }
  }
  if (limits.surge > 0) {
    for (const PodPointer& pod : useless) plan.create.push_back(target_node(*pod));
    for (const PodPointer& pod : replaceable) {
      if (surging++ >= limits.surge) break;
      plan.create.push_back(target_node(*pod));
    }
    return;
  }
  for (const PodPointer& pod : useless) plan.remove.push_back(pod);
  for (const PodPointer& pod : replaceable) {
    if (unavailable++ >= limits.unavailable) break;
    plan.remove.push_back(pod);
  }
}

}  // namespace

std::string target_node(const Pod& pod) {
  if (!pod.spec.node_name.empty()) return pod.spec.node_name;
  if (!pod.spec.affinity || !pod.spec.affinity->node_affinity) return "";
  const auto& required = pod.spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
  if (!required) return "";
  for (const auto& term : required->node_selector_terms) {
    for (const auto& field : term.match_fields) {
      if (field.key == "metadata.name" && field.values.size() == 1) return field.values[0];
    }
  }
  return "";
}

Fit fit(const DaemonSet& set, const Node& node) {
  const auto& spec = set.spec.template_.spec;
  if (!spec.node_name.empty() && spec.node_name != node.metadata.name) return {};
  if (!placement::matches_node(spec, node)) return {};
  auto tolerations = tolerations_of(spec);
  bool may_stay = placement::tolerates_all(tolerations, node.spec.taints, "NoExecute");
  return {.should_run = may_stay && placement::tolerates_all(tolerations, node.spec.taints, "NoSchedule"),
          .may_stay = may_stay};
}

Plan plan(const Snapshot& snapshot) {
  Plan plan;
  auto nodes = by_node(snapshot.pods);
  std::vector<NodePointer> wanted;
  std::map<std::string, Fit> fits;
  for (const NodePointer& node : snapshot.nodes) {
    Fit here = fits[node->metadata.name] = fit(snapshot.set, *node);
    if (here.should_run) wanted.push_back(node);
  }
  bool settled = true;
  for (auto& [name, here] : nodes) {
    auto found = fits.find(name);
    bool may_stay = found != fits.end() && found->second.may_stay;
    if (!may_stay) {
      // Of nodes that are gone the pod collector takes care, but unbound pods would wait for ever.
      for (const PodPointer& pod : here.alive) {
        if (found != fits.end() || pod->spec.node_name.empty()) plan.remove.push_back(pod);
      }
      continue;
    }
    for (const PodPointer& pod : here.ended) {
      plan.remove.push_back(pod);
      plan.failed.push_back(pod);
      settled = false;
    }
    // One of each generation at most.
    std::vector<PodPointer> kept;
    for (const PodPointer& pod : here.alive) {
      bool twin = std::any_of(kept.begin(), kept.end(), [&](const PodPointer& one) {
        return is_current(snapshot, *one) == is_current(snapshot, *pod);
      });
      if (twin) {
        plan.remove.push_back(pod);
      } else {
        kept.push_back(pod);
      }
    }
    here.alive = std::move(kept);
  }
  for (const NodePointer& node : wanted) {
    OnNode& here = nodes[node->metadata.name];
    if (here.alive.empty() && here.ended.empty() && !here.leaving) plan.create.push_back(node->metadata.name);
  }
  if (plan.create.empty() && settled && snapshot.set.spec.update_strategy.type != "OnDelete")
    roll(snapshot, wanted, nodes, plan);
  return plan;
}

api::apps_v1::DaemonSetStatus status_of(const Snapshot& snapshot) {
  api::apps_v1::DaemonSetStatus status = snapshot.set.status;
  status.current_number_scheduled = status.number_misscheduled = status.desired_number_scheduled = status.number_ready =
      0;
  status.updated_number_scheduled = status.number_available = status.number_unavailable = 0;
  status.observed_generation = snapshot.set.metadata.generation;
  auto nodes = by_node(snapshot.pods);
  for (const NodePointer& node : snapshot.nodes) {
    OnNode& here = nodes[node->metadata.name];
    bool scheduled = !here.alive.empty() || !here.ended.empty() || here.leaving;
    if (!fit(snapshot.set, *node).should_run) {
      if (scheduled) status.number_misscheduled++;
      continue;
    }
    status.desired_number_scheduled++;
    if (!scheduled) continue;
    status.current_number_scheduled++;
    // The oldest speaks for the node, but a current one that serves may not be hidden by it.
    bool ready = false, available = false, updated = false;
    for (const PodPointer& pod : here.alive) {
      ready |= is_ready(*pod);
      available |= is_available(*pod, snapshot.set.spec.min_ready_seconds, snapshot.now);
      updated |= is_current(snapshot, *pod);
    }
    status.number_ready += ready ? 1 : 0;
    status.number_available += available ? 1 : 0;
    status.updated_number_scheduled += updated ? 1 : 0;
  }
  status.number_unavailable = status.desired_number_scheduled - status.number_available;
  return status;
}

Pod make_pod(const DaemonSet& set, const std::string& node, const std::string& hash) {
  Pod pod = pod_from_template(set.spec.template_, DaemonSet::kType, set.metadata);
  pod.metadata.labels[std::string(kRevisionHash)] = hash;
  auto generation = set.metadata.annotations.find(kGeneration);
  if (generation != set.metadata.annotations.end())
    pod.metadata.labels[std::string(kGenerationLabel)] = generation->second;
  pod.spec.tolerations = tolerations_of(pod.spec);
  api::core_v1::NodeSelectorRequirement name;
  name.key = "metadata.name";
  name.operator_ = "In";
  name.values = {node};
  auto& required =
      pod.spec.affinity.ensure().node_affinity.ensure().required_during_scheduling_ignored_during_execution.ensure();
  if (required.node_selector_terms.empty()) required.node_selector_terms.emplace_back();
  // The pin replaces other fields and narrows every term alike.
  for (auto& term : required.node_selector_terms) term.match_fields = {name};
  return pod;
}

}  // namespace controller::daemonset
