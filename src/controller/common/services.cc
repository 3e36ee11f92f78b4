#include "controller/common/services.h"

#include <algorithm>

#include "controller/common/ownership.h"

namespace controller {

using api::core_v1::Pod;
using api::core_v1::Service;
using client::Key;

void ServiceSelectors::changed(const Key& key, const Service* now) {
  auto& services = by_namespace_[key.namespace_];
  if (now != nullptr && has_managed_endpoints(*now)) {
    services[key.name] = now->spec.selector;
  } else {
    services.erase(key.name);
  }
  if (services.empty()) by_namespace_.erase(key.namespace_);
}

std::vector<Key> ServiceSelectors::selecting(const std::string& namespace_, const Labels& labels) const {
  std::vector<Key> keys;
  auto services = by_namespace_.find(namespace_);
  if (services == by_namespace_.end()) return keys;
  for (const auto& [name, selector] : services->second) {
    if (includes(labels, selector)) keys.push_back({namespace_, name});
  }
  return keys;
}

void queue_services_of(const ServiceSelectors& selectors, client::Queue& queue, const Pod* before, const Pod* now) {
  if (before != nullptr && now != nullptr) {
    bool same = before->status.pod_ips == now->status.pod_ips && before->status.pod_ip == now->status.pod_ip &&
                is_ready(*before) == is_ready(*now) && is_terminal(*before) == is_terminal(*now) &&
                is_being_deleted(before->metadata) == is_being_deleted(now->metadata) &&
                before->spec.node_name == now->spec.node_name && before->metadata.labels == now->metadata.labels;
    if (same) return;
  }
  const Pod& pod = now != nullptr ? *now : *before;
  for (Key& key : selectors.selecting(pod.metadata.namespace_, pod.metadata.labels)) queue.add(std::move(key));
  if (before == nullptr || now == nullptr || before->metadata.labels == now->metadata.labels) return;
  for (Key& key : selectors.selecting(before->metadata.namespace_, before->metadata.labels)) queue.add(std::move(key));
}

bool has_managed_endpoints(const Service& service) {
  return !service.spec.selector.empty() && service.spec.type != "ExternalName";
}
bool is_headless(const Service& service) {
  return service.spec.cluster_ip.empty() || service.spec.cluster_ip == "None";
}

std::vector<PodPointer> pods_of(const client::Cache<Pod>& pods, const Service& service) {
  return pods_with(pods, service.metadata.namespace_, service.spec.selector);
}

bool can_be_endpoint(const Pod& pod, bool departing) {
  if (is_terminal(pod) || (pod.status.pod_ip.empty() && pod.status.pod_ips.empty())) return false;
  return departing || !is_being_deleted(pod.metadata);
}

std::optional<int32_t> port_in_pod(const api::core_v1::ServicePort& port, const Pod& pod) {
  if (port.target_port.is_int()) return port.target_port.number != 0 ? port.target_port.number : port.port;
  auto named = [&](const std::vector<api::core_v1::Container>& containers, bool sidecars) -> std::optional<int32_t> {
    for (const auto& container : containers) {
      if (sidecars && container.restart_policy != "Always") continue;
      for (const auto& one : container.ports) {
        const std::string& protocol = one.protocol.empty() ? std::string("TCP") : one.protocol;
        if (one.name == port.target_port.text && protocol == (port.protocol.empty() ? "TCP" : port.protocol))
          return one.container_port;
      }
    }
    return std::nullopt;
  };
  auto number = named(pod.spec.containers, false);
  return number ? number : named(pod.spec.init_containers, true);
}

std::string endpoint_hostname(const Pod& pod, const Service& service) {
  if (pod.spec.hostname.empty() || pod.spec.subdomain != service.metadata.name) return "";
  return pod.spec.hostname;
}

api::core_v1::ObjectReference endpoint_target(const Pod& pod) {
  api::core_v1::ObjectReference target;
  target.kind = "Pod";
  target.namespace_ = pod.metadata.namespace_;
  target.name = pod.metadata.name;
  target.uid = pod.metadata.uid;
  return target;
}

base::Time ready_change(const Pod& pod) {
  const auto* ready = find_condition(pod.status, "Ready");
  return ready == nullptr ? base::Time() : ready->last_transition_time;
}

}  // namespace controller
