#include "proxy/model.h"

#include <algorithm>
#include <map>
#include <optional>

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

struct Candidate {
  Endpoint endpoint;
  std::optional<bool> for_this_node, for_this_zone;  // what its hints say; nothing: it has none of the kind
};

// The endpoints of a service port, sorted by what they may be used for.
struct Candidates {
  std::vector<Candidate> ready;
  std::vector<Candidate> ending;  // serving while terminating
};

Candidate candidate(const discovery::Endpoint& from, int port, const Here& here) {
  Candidate out{.endpoint = {from.addresses.front(), port, from.node_name && *from.node_name == here.node},
                .for_this_node = {},
                .for_this_zone = {}};
  if (!from.hints) return out;
  auto names = [](const auto& hints, const std::string& name) -> std::optional<bool> {
    if (hints.empty()) return {};
    return !name.empty() && std::ranges::any_of(hints, [&](const auto& one) { return one.name == name; });
  };
  out.for_this_node = names(from.hints->for_nodes, here.node);
  out.for_this_zone = names(from.hints->for_zones, here.zone);
  return out;
}

void collect(const discovery::EndpointSlice& slice, const Here& here, std::map<std::string, Candidates>& by_port) {
  for (const auto& port : slice.ports) {
    if (!port.port) continue;
    auto& candidates = by_port[base::cat(
        {port.name ? std::string_view(*port.name) : "", "/", base::to_lower(port.protocol ? *port.protocol : "TCP")})];
    for (const auto& from : slice.endpoints) {
      if (from.addresses.empty()) continue;
      auto one = candidate(from, *port.port, here);
      const auto& conditions = from.conditions;
      bool ready = conditions.ready.value_or(true);
      bool ending = conditions.serving.value_or(ready) && conditions.terminating.value_or(false);
      one.endpoint.ready = ready;
      if (ready) {
        candidates.ready.push_back(std::move(one));
      } else if (ending) {
        candidates.ending.push_back(std::move(one));
      }
    }
  }
}

enum class Where : uint8_t { Anywhere, ThisNode };

std::vector<Endpoint> usable(const Candidates& candidates, Where where) {
  auto pick = [&](const std::vector<Candidate>& from, auto keep) {
    std::vector<Endpoint> picked;
    for (const auto& one : from) {
      if (keep(one)) picked.push_back(one.endpoint);
    }
    std::sort(picked.begin(), picked.end());
    picked.erase(std::unique(picked.begin(), picked.end()), picked.end());
    return picked;
  };
  // Hints count when every ready endpoint has some, and some lead here; of those for nodes and for zones, the nearer.
  auto hinted = [&](std::optional<bool> Candidate::* hint) {
    return std::ranges::all_of(candidates.ready, [&](const auto& one) { return (one.*hint).has_value(); }) &&
           std::ranges::any_of(candidates.ready, [&](const auto& one) { return (one.*hint).value_or(false); });
  };
  std::vector<Endpoint> ready;
  if (where == Where::ThisNode) {
    auto is_local = [](const Candidate& one) { return one.endpoint.local; };
    ready = pick(candidates.ready, is_local);
    return ready.empty() ? pick(candidates.ending, is_local) : ready;
  }
  for (auto hint : {&Candidate::for_this_node, &Candidate::for_this_zone})
    if (hinted(hint)) return pick(candidates.ready, [&](const Candidate& one) { return (one.*hint).value_or(false); });
  auto any = [](const Candidate&) { return true; };
  ready = pick(candidates.ready, any);
  return ready.empty() ? pick(candidates.ending, any) : ready;
}

}  // namespace

std::string ServicePort::text() const {
  return name.empty() ? base::cat({namespace_, "/", service}) : base::cat({namespace_, "/", service, ":", name});
}

Snapshot make_snapshot(const Services& services, const Slices& slices, const Here& here, Family family) {
  std::map<std::string, std::map<std::string, Candidates>> by_service;
  std::string_view type = family == Family::IPv6 ? "IPv6" : "IPv4";
  for (const auto& slice : slices) {
    auto owner = slice->metadata.labels.find(kServiceName);
    if (slice->address_type != type || owner == slice->metadata.labels.end()) continue;
    collect(*slice, here, by_service[base::cat({slice->metadata.namespace_, "/", owner->second})]);
  }
  Snapshot snapshot;
  for (const auto& service : services) {
    auto found = by_service.find(base::cat({service->metadata.namespace_, "/", service->metadata.name}));
    for (auto& port : ports_of(*service, family)) {
      if (found != by_service.end()) {
        auto candidates = found->second.find(base::cat({port.name, "/", port.protocol}));
        if (candidates != found->second.end()) {
          port.cluster_endpoints = usable(candidates->second, Where::Anywhere);
          port.local_endpoints = usable(candidates->second, Where::ThisNode);
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
