#include "kubelet/pods/admission.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {
namespace {

bool fits_term(const core::NodeSelectorTerm& term, const core::Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;
  auto holds = [](const core::NodeSelectorRequirement& need, const std::string* value) {
    bool in = value != nullptr && std::ranges::find(need.values, *value) != need.values.end();
    if (need.operator_ == "In") return in;
    if (need.operator_ == "NotIn") return !in;
    if (need.operator_ == "Exists") return value != nullptr;
    if (need.operator_ == "DoesNotExist") return value == nullptr;
    if ((need.operator_ == "Gt" || need.operator_ == "Lt") && value != nullptr && need.values.size() == 1) {
      auto have = base::parse_int(*value), bound = base::parse_int(need.values.front());
      return have && bound && (need.operator_ == "Gt" ? *have > *bound : *have < *bound);
    }
    return false;
  };
  for (auto& need : term.match_expressions) {
    auto found = node.metadata.labels.find(need.key);
    if (!holds(need, found == node.metadata.labels.end() ? nullptr : &found->second)) return false;
  }
  for (auto& need : term.match_fields)
    if (!holds(need, need.key == "metadata.name" ? &node.metadata.name : nullptr)) return false;
  return true;
}

bool selects(const core::Pod& pod, const core::Node& node) {
  for (auto& [key, value] : pod.spec.node_selector) {
    auto found = node.metadata.labels.find(key);
    if (found == node.metadata.labels.end() || found->second != value) return false;
  }
  if (!pod.spec.affinity || !pod.spec.affinity->node_affinity) return true;
  auto& required = pod.spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
  if (!required) return true;
  return std::ranges::any_of(required->node_selector_terms, [&](auto& term) { return fits_term(term, node); });
}

struct HostPort {
  std::string ip, protocol;
  int32_t port;
};
std::vector<HostPort> host_ports(const core::Pod& pod) {
  std::vector<HostPort> out;
  for (auto& container : pod.spec.containers)
    for (auto& port : container.ports)
      if (port.host_port > 0)
        out.push_back({port.host_ip.empty() ? "0.0.0.0" : port.host_ip, port.protocol.empty() ? "TCP" : port.protocol,
                       port.host_port});
  return out;
}

int64_t amount(const base::Quantity& quantity, std::string_view name) {
  return name == "cpu" ? quantity.milli_value() : quantity.value();
}

}  // namespace

bool tolerates(const core::Pod& pod, const core::Taint& taint) {
  return std::ranges::any_of(pod.spec.tolerations, [&](auto& toleration) {
    if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
    if (toleration.operator_ == "Exists") return toleration.key.empty() || toleration.key == taint.key;
    return toleration.key == taint.key && toleration.value == taint.value;
  });
}

std::optional<PodFailure> admit(const core::Pod& pod, const core::Node& node, const ResourceList& allocatable,
                                const std::vector<const core::Pod*>& others) {
  if (auto system = node.metadata.labels.find("kubernetes.io/os");
      pod.spec.os && system != node.metadata.labels.end() && pod.spec.os->name != system->second)
    return PodFailure{"PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"};

  bool strict = pod.spec.security_context && pod.spec.security_context->supplemental_groups_policy == "Strict";
  if (strict && !(node.status.features && node.status.features->supplemental_groups_policy.value_or(false)))
    return PodFailure{"SupplementalGroupsPolicyNotSupported",
                      "SupplementalGroupsPolicy=Strict is not supported in this node"};

  ResourceList used;
  for (auto* other : others)
    for (auto& [name, quantity] : pod_requests(*other)) used[name] += quantity;
  if (auto limit = allocatable.find("pods");
      limit != allocatable.end() && static_cast<int64_t>(others.size()) + 1 > limit->second.value())
    return PodFailure{"OutOfpods", "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: " +
                                       std::to_string(others.size()) + ", capacity: " + limit->second.to_string()};
  for (auto& [name, wanted] : pod_requests(pod)) {
    if (wanted.is_zero()) continue;
    auto capacity = allocatable.find(name);
    // A resource that only others know of (extended, elsewhere) is nothing that this node can run out of.
    if (capacity == allocatable.end()) {
      if (name != "cpu" && name != "memory" && name != "ephemeral-storage") continue;
    }
    int64_t have = capacity == allocatable.end() ? 0 : amount(capacity->second, name);
    int64_t taken = amount(used[name], name), need = amount(wanted, name);
    if (taken + need > have)
      return PodFailure{"OutOf" + name, "Pod was rejected: Node didn't have enough resource: " + name +
                                            ", requested: " + std::to_string(need) +
                                            ", used: " + std::to_string(taken) + ", capacity: " + std::to_string(have)};
  }
  if (!selects(pod, node))
    return PodFailure{"NodeAffinity",
                      "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node "
                      "affinity/selector"};
  for (auto& mine : host_ports(pod))
    for (auto* other : others)
      for (auto& theirs : host_ports(*other))
        if (mine.port == theirs.port && mine.protocol == theirs.protocol &&
            (mine.ip == theirs.ip || mine.ip == "0.0.0.0" || theirs.ip == "0.0.0.0"))
          return PodFailure{"NodePorts",
                            "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for "
                            "the requested pod ports"};
  if (!is_mirror_or_static(pod))
    for (auto& taint : node.spec.taints)
      if (taint.effect == "NoExecute" && !tolerates(pod, taint))
        return PodFailure{"TaintToleration",
                          "Pod was rejected: Predicate TaintToleration failed: node(s) had untolerated taint {" +
                              taint.key + ": " + taint.value + "}"};
  return {};
}

}  // namespace kubelet
