#include "apiserver/registry/validation/endpoint_slice.h"

#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/values.h"
#include "base/ip.h"

namespace apiserver {
namespace {

namespace discovery = api::discovery_k8s_io_v1;

constexpr size_t kEndpointsMax = 1000;
constexpr size_t kAddressesMax = 100;
constexpr size_t kTopologyMax = 16;
constexpr size_t kPortsMax = 20000;
constexpr size_t kHintsMax = 8;

void check_addresses(Report& report, const discovery::Endpoint& endpoint, std::string_view type,
                     const std::vector<std::string>& kept, const Place& at) {
  if (endpoint.addresses.empty()) report.required(at, "must contain at least 1 address");
  if (endpoint.addresses.size() > kAddressesMax) {
    report.too_many(at, endpoint.addresses.size(), kAddressesMax);
    return;
  }
  for (size_t i = 0; i < endpoint.addresses.size(); ++i) {
    const auto& address = endpoint.addresses[i];
    Place here(at, i);
    if (type == "FQDN") {
      check_domain_name(report, address, here);
      continue;
    }
    if (type != "IPv4" && type != "IPv6") continue;
    size_t before = report.size();
    check_ip(report, address, here, kept);
    if (report.size() != before) continue;
    auto parsed = base::IpAddress::parse(address);
    if (parsed && parsed->is_v4() != (type == "IPv4")) {
      report.invalid(at, address, type == "IPv4" ? "must be an IPv4 address" : "must be an IPv6 address");
    }
    check_common_ip(report, address, here);
  }
}

void check_hints(Report& report, const discovery::EndpointHints& hints, const Place& at) {
  auto look = [&](const auto& all, const char* name, auto problems_of) {
    Place list(at, name);
    if (all.size() > kHintsMax) {
      report.too_many(list, all.size(), kHintsMax);
      return;
    }
    std::set<std::string_view> seen;
    for (size_t i = 0; i < all.size(); ++i) {
      Place item(list, i);
      Place here(item, "name");
      if (!seen.insert(all[i].name).second) report.duplicate(here, all[i].name);
      report.problems(here, all[i].name, problems_of(all[i].name));
    }
  };
  look(hints.for_zones, "forZones", [](std::string_view name) { return schema::check_label_value(name); });
  look(hints.for_nodes, "forNodes", [](std::string_view name) { return schema::check_dns1123_subdomain(name); });
}

void check_endpoint(Report& report, const discovery::Endpoint& endpoint, std::string_view type,
                    const std::vector<std::string>& kept, const Place& at) {
  check_addresses(report, endpoint, type, kept, Place(at, "addresses"));
  if (endpoint.node_name) check_subdomain(report, *endpoint.node_name, Place(at, "nodeName"));
  Place topology(at, "deprecatedTopology");
  if (endpoint.deprecated_topology.size() > kTopologyMax) {
    report.too_many(topology, endpoint.deprecated_topology.size(), kTopologyMax);
  }
  check_labels(report, endpoint.deprecated_topology, topology);
  if (endpoint.hostname) check_label(report, *endpoint.hostname, Place(at, "hostname"));
  if (endpoint.hints) check_hints(report, *endpoint.hints, Place(at, "hints"));
}

void check_ports(Report& report, const std::vector<discovery::EndpointPort>& ports, const Place& at) {
  if (ports.size() > kPortsMax) {
    report.too_many(at, ports.size(), kPortsMax);
    return;
  }
  std::set<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& port = ports[i];
    Place here(at, i);
    Place name(here, "name");
    std::string_view text = port.name ? std::string_view(*port.name) : std::string_view();
    if (!text.empty()) check_label(report, text, name);
    if (!names.insert(text).second) report.duplicate(name, text);
    Place protocol(here, "protocol");
    if (!port.protocol) {
      report.required(protocol);
    } else {
      report.one_of(protocol, *port.protocol, {"SCTP", "TCP", "UDP"});
    }
    if (port.app_protocol) check_qualified(report, *port.app_protocol, Place(here, "appProtocol"));
  }
}

}  // namespace

schema::FieldErrors validate_endpoint_slice(const discovery::EndpointSlice& next,
                                            const discovery::EndpointSlice* current) {
  Report report;
  std::vector<std::string> kept;
  if (current != nullptr) {
    for (const auto& endpoint : current->endpoints)
      kept.insert(kept.end(), endpoint.addresses.begin(), endpoint.addresses.end());
  }
  Place type("addressType");
  report.required_one_of(type, next.address_type, {"FQDN", "IPv4", "IPv6"});
  Place endpoints("endpoints");
  if (next.endpoints.size() > kEndpointsMax) {
    report.too_many(endpoints, next.endpoints.size(), kEndpointsMax);
  } else {
    for (size_t i = 0; i < next.endpoints.size(); ++i) {
      check_endpoint(report, next.endpoints[i], next.address_type, kept, Place(endpoints, i));
    }
  }
  check_ports(report, next.ports, Place("ports"));
  if (current != nullptr) report.immutable_unless(next.address_type == current->address_type, type, next.address_type);
  return report.take();
}

void warn_about_endpoint_slice(std::vector<std::string>& warnings, const discovery::EndpointSlice& slice) {
  if (slice.address_type == "FQDN") warnings.emplace_back("addressType: FQDN endpoints are deprecated");
  Place endpoints("endpoints");
  for (size_t i = 0; i < slice.endpoints.size(); ++i) {
    Place endpoint(endpoints, i);
    Place addresses(endpoint, "addresses");
    for (size_t k = 0; k < slice.endpoints[i].addresses.size(); ++k) {
      if (slice.address_type != "FQDN") warn_about_ip(warnings, slice.endpoints[i].addresses[k], Place(addresses, k));
    }
  }
}

}  // namespace apiserver
