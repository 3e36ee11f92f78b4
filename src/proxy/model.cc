#include "proxy/model.h"

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace proxy {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

constexpr std::string_view kServiceName = "kubernetes.io/service-name";
constexpr std::string_view kOtherProxy = "service.kubernetes.io/service-proxy-name";
constexpr std::string_view kHeadless = "service.kubernetes.io/headless";

bool is_of(Family family, std::string_view address) {
  return (address.find(':') != std::string_view::npos) == (family == Family::IPv6);
}

std::vector<std::string> of_family(Family family, const std::vector<std::string>& addresses) {
  std::vector<std::string> kept;
  for (const auto& address : addresses) {
    if (is_of(family, address)) kept.push_back(address);
  }
  return kept;
}

std::string cluster_ip_of(const core::Service& service, Family family) {
  for (const auto& address : service.spec.cluster_ips) {
    if (address != "None" && is_of(family, address)) return address;
  }
  const auto& only = service.spec.cluster_ip;
  return service.spec.cluster_ips.empty() && only != "None" && is_of(family, only) ? only : "";
}

bool is_proxied(const core::Service& service) {
  const auto& labels = service.metadata.labels;
  return service.spec.type != "ExternalName" && !labels.contains(kOtherProxy) && !labels.contains(kHeadless);
}

std::vector<ServicePort> ports_of(const core::Service& service, Family family) {
  std::vector<ServicePort> ports;
  auto cluster_ip = cluster_ip_of(service, family);
  if (cluster_ip.empty() || !is_proxied(service)) return ports;
  const auto& spec = service.spec;
  for (const auto& from : spec.ports) {
    ServicePort port;
    port.namespace_ = service.metadata.namespace_;
    port.service = service.metadata.name;
    port.name = from.name;
    port.protocol = base::to_lower(from.protocol.empty() ? "TCP" : from.protocol);
    port.cluster_ip = cluster_ip;
    port.port = from.port;
    port.node_port = from.node_port;
    port.external_ips = of_family(family, spec.external_ips);
    for (const auto& ingress : service.status.load_balancer.ingress) {
      bool proxied = !ingress.ip_mode || *ingress.ip_mode == "VIP";
      if (proxied && !ingress.ip.empty() && is_of(family, ingress.ip)) port.load_balancer_ips.push_back(ingress.ip);
    }
    port.load_balancer_sources = of_family(family, spec.load_balancer_source_ranges);
    port.external_local = spec.external_traffic_policy == "Local";
    port.internal_local = spec.internal_traffic_policy && *spec.internal_traffic_policy == "Local";
    if (spec.session_affinity == "ClientIP") {
      const auto& config = spec.session_affinity_config;
      port.affinity_seconds = config && config->client_ip && config->client_ip->timeout_seconds
                                  ? *config->client_ip->timeout_seconds
                                  : 10800;
    }
    port.health_check_port = spec.health_check_node_port;
    ports.push_back(std::move(port));
  }
  return ports;
}

// The endpoints of a service port, sorted by what they may be used for.
struct Candidates {
  std::vector<Endpoint> ready;
  std::vector<Endpoint> ending;  // serving while terminating
};

void collect(const discovery::EndpointSlice& slice, const std::string& node_name,
             std::map<std::string, Candidates>& by_port) {
  for (const auto& port : slice.ports) {
    if (!port.port) continue;
    auto& candidates = by_port[base::cat(
        {port.name ? std::string_view(*port.name) : "", "/", base::to_lower(port.protocol ? *port.protocol : "TCP")})];
    for (const auto& from : slice.endpoints) {
      if (from.addresses.empty()) continue;
      Endpoint endpoint{from.addresses.front(), *port.port, from.node_name && *from.node_name == node_name};
      const auto& conditions = from.conditions;
      bool ready = conditions.ready.value_or(true);
      bool ending = conditions.serving.value_or(ready) && conditions.terminating.value_or(false);
      if (ready) {
        candidates.ready.push_back(std::move(endpoint));
      } else if (ending) {
        candidates.ending.push_back(std::move(endpoint));
      }
    }
  }
}

std::vector<Endpoint> usable(const Candidates& candidates, bool local_only) {
  auto pick = [&](const std::vector<Endpoint>& from) {
    std::vector<Endpoint> picked;
    for (const auto& endpoint : from) {
      if (!local_only || endpoint.local) picked.push_back(endpoint);
    }
    std::sort(picked.begin(), picked.end());
    picked.erase(std::unique(picked.begin(), picked.end()), picked.end());
    return picked;
  };
  auto ready = pick(candidates.ready);
  return ready.empty() ? pick(candidates.ending) : ready;
}

}  // namespace

std::string ServicePort::text() const {
  return name.empty() ? base::cat({namespace_, "/", service}) : base::cat({namespace_, "/", service, ":", name});
}

Snapshot make_snapshot(const Services& services, const Slices& slices, const std::string& node_name, Family family) {
  std::map<std::string, std::map<std::string, Candidates>> by_service;
  std::string_view type = family == Family::IPv6 ? "IPv6" : "IPv4";
  for (const auto& slice : slices) {
    auto owner = slice->metadata.labels.find(kServiceName);
    if (slice->address_type != type || owner == slice->metadata.labels.end()) continue;
    collect(*slice, node_name, by_service[base::cat({slice->metadata.namespace_, "/", owner->second})]);
  }
  Snapshot snapshot;
  for (const auto& service : services) {
    auto found = by_service.find(base::cat({service->metadata.namespace_, "/", service->metadata.name}));
    for (auto& port : ports_of(*service, family)) {
      if (found != by_service.end()) {
        auto candidates = found->second.find(base::cat({port.name, "/", port.protocol}));
        if (candidates != found->second.end()) {
          port.cluster_endpoints = usable(candidates->second, false);
          port.local_endpoints = usable(candidates->second, true);
          port.has_any_endpoint = !port.cluster_endpoints.empty();
        }
      }
      snapshot.ports.push_back(std::move(port));
    }
  }
  std::sort(snapshot.ports.begin(), snapshot.ports.end(), [](const auto& a, const auto& b) {
    auto left = a.text(), right = b.text();
    return left != right ? left < right : a.protocol < b.protocol;
  });
  return snapshot;
}

}  // namespace proxy
