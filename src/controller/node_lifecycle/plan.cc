#include <algorithm>
#include <array>

#include "controller/node_lifecycle/node_lifecycle.h"

namespace controller::node_lifecycle {
namespace {

using api::core_v1::Node;
using api::core_v1::NodeCondition;
using api::core_v1::Taint;

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";
constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";
constexpr std::string_view kUnschedulable = "node.kubernetes.io/unschedulable";

struct Pressure {
  std::string_view condition;
  std::string_view taint;
};
constexpr std::array<Pressure, 4> kPressures = {{{"MemoryPressure", "node.kubernetes.io/memory-pressure"},
                                                 {"DiskPressure", "node.kubernetes.io/disk-pressure"},
                                                 {"NetworkUnavailable", "node.kubernetes.io/network-unavailable"},
                                                 {"PIDPressure", "node.kubernetes.io/pid-pressure"}}};
constexpr std::array<std::string_view, 4> kKeptByKubelet = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

const NodeCondition* find(const Node& node, std::string_view type) {
  for (const auto& condition : node.status.conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool is_ours(const Taint& taint) {
  if (taint.effect == "NoExecute") return taint.key == kNotReady || taint.key == kUnreachable;
  if (taint.effect != "NoSchedule") return false;
  return taint.key == kNotReady || taint.key == kUnreachable || taint.key == kUnschedulable ||
         std::any_of(kPressures.begin(), kPressures.end(), [&](const Pressure& one) { return one.taint == taint.key; });
}

}  // namespace

Health health_of(const Node& node) {
  const NodeCondition* ready = find(node, "Ready");
  if (ready == nullptr || ready->status == "Unknown") return Health::Unknown;
  return ready->status == "True" ? Health::Ready : Health::NotReady;
}

bool mark_silent(Node& node, bool never, base::Time now) {
  bool changed = false;
  for (std::string_view type : kKeptByKubelet) {
    auto place = std::find_if(node.status.conditions.begin(), node.status.conditions.end(),
                              [&](const auto& one) { return one.type == type; });
    if (place == node.status.conditions.end()) {
      NodeCondition& added = node.status.conditions.emplace_back();
      added.type = type;
      added.status = "Unknown";
      added.reason = "NodeStatusNeverUpdated";
      added.message = "Kubelet never posted node status.";
      added.last_heartbeat_time = node.metadata.creation_timestamp;
      added.last_transition_time = now;
      changed = true;
    } else if (place->status != "Unknown") {
      place->status = "Unknown";
      place->reason = "NodeStatusUnknown";
      place->message = "Kubelet stopped posting node status.";
      place->last_transition_time = now;
      changed = true;
    }
  }
  return changed;
}

std::vector<Taint> taints_of(const Node& node, Eviction eviction, base::Time now) {
  std::vector<Taint> taints;
  for (const Taint& taint : node.spec.taints) {
    if (!is_ours(taint)) taints.push_back(taint);
  }
  auto want = [&](std::string_view key, std::string_view effect, bool only_if_there) {
    auto there = std::find_if(node.spec.taints.begin(), node.spec.taints.end(),
                              [&](const Taint& one) { return one.key == key && one.effect == effect; });
    if (there != node.spec.taints.end()) {
      taints.push_back(*there);
    } else if (!only_if_there) {
      Taint& added = taints.emplace_back();
      added.key = key;
      added.effect = effect;
      added.time_added = now;
    }
  };
  Health health = health_of(node);
  if (health != Health::Ready) {
    std::string_view key = health == Health::NotReady ? kNotReady : kUnreachable;
    want(key, "NoSchedule", false);
    if (eviction != Eviction::Never) want(key, "NoExecute", eviction == Eviction::Later);
  }
  for (const Pressure& one : kPressures) {
    const NodeCondition* condition = find(node, one.condition);
    if (condition != nullptr && condition->status == "True") want(one.taint, "NoSchedule", false);
  }
  if (node.spec.unschedulable) want(kUnschedulable, "NoSchedule", false);
  return taints;
}

}  // namespace controller::node_lifecycle
