#include <algorithm>
#include <map>
#include <set>

#include "base/ip.h"
#include "controller/common/ownership.h"
#include "controller/common/services.h"
#include "controller/endpoints/endpoints.h"

namespace controller {
namespace {

using api::core_v1::EndpointAddress;
using api::core_v1::EndpointPort;
using api::core_v1::Endpoints;
using api::core_v1::Pod;
using api::core_v1::Service;

constexpr size_t kAddressesMax = 1000;  // in one object
constexpr std::string_view kOverCapacity = "endpoints.kubernetes.io/over-capacity";

std::string address_of(const Pod& pod, const Service& service) {
  bool v4 = service.spec.ip_families.empty() || service.spec.ip_families[0] == "IPv4";
  for (const auto& one : pod.status.pod_ips) {
    auto address = base::IpAddress::parse(one.ip);
    if (address && address->is_v4() == v4) return one.ip;
  }
  auto only = base::IpAddress::parse(pod.status.pod_ip);
  return only && only->is_v4() == v4 ? pod.status.pod_ip : "";
}

// A pod that will not run again is no endpoint that is merely not ready.
bool may_become_ready(const Pod& pod) {
  if (pod.spec.restart_policy == "Never") return !is_terminal(pod);
  if (pod.spec.restart_policy == "OnFailure") return pod.status.phase != "Succeeded";
  return true;
}

std::vector<EndpointPort> ports_of(const Service& service, const Pod& pod) {
  std::vector<EndpointPort> ports;
  for (const auto& port : service.spec.ports) {
    auto number = port_in_pod(port, pod);
    if (!number) continue;
    EndpointPort& added = ports.emplace_back();
    added.name = port.name;
    added.port = *number;
    added.protocol = port.protocol.empty() ? "TCP" : port.protocol;
    added.app_protocol = port.app_protocol;
  }
  return ports;
}

std::string text_of(const std::vector<EndpointPort>& ports) {
  std::string text;
  for (const EndpointPort& port : ports)
    text += port.name + "/" + port.protocol + "/" + std::to_string(port.port) + ";";
  return text;
}

void sort_by_address(std::vector<EndpointAddress>& addresses) {
  std::sort(addresses.begin(), addresses.end(), [](const EndpointAddress& a, const EndpointAddress& b) {
    auto left = base::IpAddress::parse(a.ip), right = base::IpAddress::parse(b.ip);
    if (left != right) return left < right;
    return (a.target_ref ? a.target_ref->uid : "") < (b.target_ref ? b.target_ref->uid : "");
  });
}

// Cuts what is beyond the limit, ready addresses last. True if anything was cut.
bool truncate(std::vector<api::core_v1::EndpointSubset>& subsets) {
  size_t room = kAddressesMax;
  bool cut = false;
  for (auto member : {&api::core_v1::EndpointSubset::addresses, &api::core_v1::EndpointSubset::not_ready_addresses}) {
    for (auto& subset : subsets) {
      auto& addresses = subset.*member;
      if (addresses.size() > room) {
        addresses.resize(room);
        cut = true;
      }
      room -= addresses.size();
    }
  }
  return cut;
}

}  // namespace

Endpoints plan_endpoints(const Service& service, const std::vector<PodPointer>& pods, const Endpoints* current) {
  bool publish_all = service.spec.publish_not_ready_addresses;
  std::map<std::string, api::core_v1::EndpointSubset> subsets;  // by their ports
  base::Time trigger;
  for (const PodPointer& pod : pods) {
    std::string ip = address_of(*pod, service);
    if (ip.empty() || !can_be_endpoint(*pod, publish_all)) continue;
    EndpointAddress address;
    address.ip = std::move(ip);
    if (!pod->spec.node_name.empty()) address.node_name = pod->spec.node_name;
    address.target_ref = endpoint_target(*pod);
    address.hostname = endpoint_hostname(*pod, service);
    std::vector<EndpointPort> ports = ports_of(service, *pod);
    bool portless = is_headless(service) && service.spec.ports.empty();
    if (ports.empty() && !portless) continue;
    auto& subset = subsets[text_of(ports)];
    subset.ports = std::move(ports);
    if (publish_all || is_ready(*pod)) {
      subset.addresses.push_back(std::move(address));
    } else if (may_become_ready(*pod)) {
      subset.not_ready_addresses.push_back(std::move(address));
    }
    base::Time changed = ready_change(*pod);
    if (!changed.is_zero() && changed > trigger) trigger = changed;
  }
  Endpoints wanted;
  if (current != nullptr) wanted = *current;
  wanted.metadata.namespace_ = service.metadata.namespace_;
  wanted.metadata.name = service.metadata.name;
  wanted.metadata.labels = service.metadata.labels;
  wanted.metadata.labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller";
  wanted.metadata.labels.erase(std::string(kHeadless));
  if (is_headless(service)) wanted.metadata.labels[std::string(kHeadless)] = "";
  wanted.subsets.clear();
  for (auto& [key, subset] : subsets) {
    if (subset.addresses.empty() && subset.not_ready_addresses.empty()) continue;
    sort_by_address(subset.addresses);
    sort_by_address(subset.not_ready_addresses);
    wanted.subsets.push_back(std::move(subset));
  }
  auto& annotations = wanted.metadata.annotations;
  if (truncate(wanted.subsets)) {
    annotations[std::string(kOverCapacity)] = "truncated";
  } else {
    annotations.erase(std::string(kOverCapacity));
  }
  // Only a change carries the time of what triggered it.
  if (current == nullptr || wanted.subsets != current->subsets) {
    if (trigger.is_zero()) {
      annotations.erase(std::string(kTriggerTime));
    } else {
      annotations[std::string(kTriggerTime)] = base::format_rfc3339(trigger);
    }
  }
  return wanted;
}

}  // namespace controller
