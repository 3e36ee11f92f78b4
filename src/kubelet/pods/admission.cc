#include "kubelet/pods/admission.h"

#include <algorithm>

#include "base/strings.h"
#include "placement/node_selector.h"
#include "placement/toleration.h"

namespace kubelet {
namespace {

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
  if (!placement::matches_node(pod.spec, node))
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
      if (taint.effect == "NoExecute" && !placement::tolerates(pod.spec.tolerations, taint))
        return PodFailure{"TaintToleration",
                          "Pod was rejected: Predicate TaintToleration failed: node(s) had untolerated taint {" +
                              taint.key + ": " + taint.value + "}"};
  return {};
}

}  // namespace kubelet
