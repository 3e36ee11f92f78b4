#include "apiserver/registry/validation/service.h"

#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/service_addresses.h"
#include "apiserver/registry/validation/values.h"
#include "base/ip.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

constexpr int32_t kAffinitySecondsMax = 86400;
constexpr std::string_view kOnlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
constexpr std::string_view kHintsAnnotation = "service.kubernetes.io/topology-aware-hints";
constexpr std::string_view kModeAnnotation = "service.kubernetes.io/topology-mode";
constexpr std::string_view kRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

const std::string* annotation(const core::Service& service, std::string_view key) {
  auto found = service.metadata.annotations.find(key);
  return found == service.metadata.annotations.end() ? nullptr : &found->second;
}

bool is_reached_from_outside(const core::ServiceSpec& spec) {
  return spec.type == "LoadBalancer" || spec.type == "NodePort" ||
         (spec.type == "ClusterIP" && !spec.external_ips.empty());
}
bool needs_health_check(const core::ServiceSpec& spec) {
  return spec.type == "LoadBalancer" && spec.external_traffic_policy == "Local";
}

void check_type(Report& report, const core::ServiceSpec& spec, const Place& at) {
  Place cluster_ips(at, "clusterIPs");
  if ((spec.type == "LoadBalancer" || spec.type == "NodePort") && is_headless(spec)) {
    report.invalid(Place(cluster_ips, size_t{0}), spec.cluster_ips[0],
                   base::cat({"may not be set to 'None' for ", spec.type, " services"}));
  }
  if (spec.type != "ExternalName") return;
  constexpr std::string_view kNot = "may not be set for ExternalName services";
  if (!spec.cluster_ips.empty()) report.forbidden(cluster_ips, kNot);
  if (!spec.ip_families.empty()) report.forbidden(Place(at, "ipFamilies"), kNot);
  if (spec.ip_family_policy) report.forbidden(Place(at, "ipFamilyPolicy"), kNot);
  std::string_view name = spec.external_name;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) {
    report.required(Place(at, "externalName"));
  } else {
    report.problems(Place(at, "externalName"), name, schema::check_dns1123_subdomain(name));
  }
}

void check_port(Report& report, const core::ServicePort& port, bool named, std::set<std::string_view>& names,
                const Place& at) {
  Place name(at, "name");
  if (port.name.empty()) {
    if (named) report.required(name);
  } else {
    report.problems(name, port.name, schema::check_dns1123_label(port.name));
    if (!names.insert(port.name).second) report.duplicate(name, port.name);
  }
  report.problems(Place(at, "port"), int64_t{port.port}, schema::check_port_number(port.port));
  report.required_one_of(Place(at, "protocol"), port.protocol, {"SCTP", "TCP", "UDP"});
  check_port(report, port.target_port, Place(at, "targetPort"));
  if (port.app_protocol)
    report.problems(Place(at, "appProtocol"), *port.app_protocol, schema::check_qualified_name(*port.app_protocol));
}

void check_session_affinity(Report& report, const core::ServiceSpec& spec, const Place& at) {
  report.required_one_of(Place(at, "sessionAffinity"), spec.session_affinity, {"ClientIP", "None"});
  Place config(at, "sessionAffinityConfig");
  if (spec.session_affinity == "None" && spec.session_affinity_config) {
    report.forbidden(config, "must not be set when session affinity is None");
  }
  if (spec.session_affinity != "ClientIP") return;
  constexpr std::string_view kWhen = "when session affinity type is ClientIP";
  Place client_ip(config, "clientIP");
  Place timeout(client_ip, "timeoutSeconds");
  if (!spec.session_affinity_config) {
    report.required(config, kWhen);
  } else if (!spec.session_affinity_config->client_ip) {
    report.required(client_ip, kWhen);
  } else if (!spec.session_affinity_config->client_ip->timeout_seconds) {
    report.required(timeout, kWhen);
  } else {
    int32_t seconds = *spec.session_affinity_config->client_ip->timeout_seconds;
    if (seconds <= 0 || seconds > kAffinitySecondsMax)
      report.invalid(timeout, seconds, "must be greater than 0 and less than 86400");
  }
}

// No two ports of one protocol may be the same, inside the cluster or on its nodes.
void check_unique_ports(Report& report, const core::ServiceSpec& spec, const Place& ports) {
  std::set<std::pair<std::string_view, int32_t>> node_ports;
  for (size_t i = 0; i < spec.ports.size(); ++i) {
    const auto& port = spec.ports[i];
    Place here(ports, i);
    if (port.node_port != 0 && !node_ports.emplace(port.protocol, port.node_port).second) {
      report.duplicate(Place(here, "nodePort"), port.node_port);
    }
  }
  std::set<std::pair<std::string_view, int32_t>> seen;
  for (size_t i = 0; i < spec.ports.size(); ++i) {
    const auto& port = spec.ports[i];
    if (seen.emplace(port.protocol, port.port).second) continue;
    core::ServicePort key;
    key.protocol = port.protocol;
    key.port = port.port;
    report.duplicate(Place(ports, i), go_value(key));
  }
}

void check_source_ranges(Report& report, const core::Service& next, const core::Service* current, const Place& at) {
  const auto& spec = next.spec;
  if (!spec.load_balancer_source_ranges.empty()) {
    Place ranges(at, "LoadBalancerSourceRanges");
    if (spec.type != "LoadBalancer") report.forbidden(ranges, kOnlyLoadBalancer);
    std::vector<std::string> kept;
    if (current != nullptr) {
      for (const auto& range : current->spec.load_balancer_source_ranges) kept.emplace_back(base::trim(range));
    }
    for (size_t i = 0; i < spec.load_balancer_source_ranges.size(); ++i) {
      check_cidr(report, base::trim(spec.load_balancer_source_ranges[i]), Place(ranges, i), kept);
    }
  } else if (const auto* text = annotation(next, kRangesAnnotation)) {
    Place annotations("metadata.annotations");
    Place here = Place::key(annotations, kRangesAnnotation);
    if (spec.type != "LoadBalancer") report.forbidden(here, kOnlyLoadBalancer);
    const auto* before = current == nullptr ? nullptr : annotation(*current, kRangesAnnotation);
    bool unchanged = before != nullptr && *before == *text;
    if (unchanged || base::trim(*text).empty()) return;
    for (auto one : base::split(base::trim(*text), ',')) check_cidr(report, base::trim(one), here);
  }
}

void check_load_balancer_class(Report& report, const core::ServiceSpec& spec) {
  if (!spec.load_balancer_class) return;
  Place here("spec.loadBalancerClass");
  if (spec.type == "LoadBalancer") {
    report.problems(here, *spec.load_balancer_class, schema::check_qualified_name(*spec.load_balancer_class));
  } else {
    report.forbidden(here, kOnlyLoadBalancer);
  }
}

void check_load_balancer(Report& report, const core::Service& next, const core::Service* current, const Place& at) {
  const auto& spec = next.spec;
  bool balanced = spec.type == "LoadBalancer";
  check_source_ranges(report, next, current, at);
  if (spec.allocate_load_balancer_node_ports && !balanced) {
    report.forbidden(Place(at, "allocateLoadBalancerNodePorts"), kOnlyLoadBalancer);
  }
  if (balanced && !spec.allocate_load_balancer_node_ports) report.required(Place("allocateLoadBalancerNodePorts"));
  check_load_balancer_class(report, spec);
}

void check_traffic(Report& report, const core::ServiceSpec& spec, const Place& at) {
  Place external(at, "externalTrafficPolicy");
  if (is_reached_from_outside(spec)) {
    report.required_one_of(external, spec.external_traffic_policy, {"Cluster", "Local"});
  } else if (!spec.external_traffic_policy.empty()) {
    report.invalid(external, spec.external_traffic_policy, "may only be set for externally-accessible services");
  }
  Place health(at, "healthCheckNodePort");
  if (!needs_health_check(spec)) {
    if (spec.health_check_node_port != 0) {
      report.invalid(health, spec.health_check_node_port,
                     "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    }
  } else if (spec.health_check_node_port == 0) {
    report.required(health);
  } else {
    report.problems(health, int64_t{spec.health_check_node_port},
                    schema::check_port_number(spec.health_check_node_port));
  }
  Place internal(at, "internalTrafficPolicy");
  if (spec.internal_traffic_policy) {
    report.one_of(internal, *spec.internal_traffic_policy, {"Cluster", "Local"});
  } else if (is_one_of(spec.type, {"ClusterIP", "LoadBalancer", "NodePort"})) {
    report.required(internal);
  }
  if (spec.traffic_distribution) {
    report.one_of(Place(at, "trafficDistribution"), *spec.traffic_distribution,
                  {"PreferClose", "PreferSameZone", "PreferSameNode"});
  }
}

void check_service(Report& report, const core::Service& next, const core::Service* current) {
  const auto& spec = next.spec;
  Place at("spec");
  const auto* hints = annotation(next, kHintsAnnotation);
  const auto* mode = annotation(next, kModeAnnotation);
  if (hints != nullptr && mode != nullptr && *hints != *mode) {
    Place annotations("metadata.annotations");
    report.invalid(Place::key(annotations, kModeAnnotation), *mode,
                   base::cat({"must match annotations[", kHintsAnnotation, "] when both are specified"}));
  }
  Place ports(at, "ports");
  if (spec.ports.empty() && !is_headless(spec) && spec.type != "ExternalName") report.required(ports);
  check_type(report, spec, at);
  std::set<std::string_view> names;
  for (size_t i = 0; i < spec.ports.size(); ++i)
    check_port(report, spec.ports[i], spec.ports.size() > 1, names, Place(ports, i));
  check_labels(report, spec.selector, Place(at, "selector"));
  check_session_affinity(report, spec, at);
  check_cluster_addresses(report, next, current);
  Place external_ips(at, "externalIPs");
  std::span<const std::string> kept;
  if (current != nullptr) kept = current->spec.external_ips;
  for (size_t i = 0; i < spec.external_ips.size(); ++i) {
    Place here(external_ips, i);
    size_t before = report.size();
    check_ip(report, spec.external_ips[i], here, kept);
    if (report.size() == before) check_common_ip(report, spec.external_ips[i], here);
  }
  report.required_one_of(Place(at, "type"), spec.type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
  if (spec.type == "ClusterIP") {
    for (size_t i = 0; i < spec.ports.size(); ++i) {
      Place here(ports, i);
      if (spec.ports[i].node_port != 0)
        report.forbidden(Place(here, "nodePort"), "may not be used when `type` is 'ClusterIP'");
    }
  }
  check_unique_ports(report, spec, ports);
  check_load_balancer(report, next, current, at);
  check_traffic(report, spec, at);
}

}  // namespace

FieldErrors validate_service(const core::Service& next, const core::Service* current) {
  Report report;
  if (current != nullptr) {
    check_cluster_addresses_change(report, next.spec, current->spec);
    if (next.spec.type == "LoadBalancer" && current->spec.type == "LoadBalancer" &&
        next.spec.load_balancer_class != current->spec.load_balancer_class) {
      report.invalid(Place("spec.loadBalancerClass"), bad_value(next.spec.load_balancer_class),
                     "may not change once set");
    }
    check_load_balancer_class(report, next.spec);  // and again with the rest
    if (needs_health_check(current->spec) && needs_health_check(next.spec) &&
        current->spec.health_check_node_port != next.spec.health_check_node_port) {
      report.forbidden(Place("spec.healthCheckNodePort"), kImmutable);
    }
  }
  check_service(report, next, current);
  return report.take();
}

FieldErrors validate_service_status(const core::Service& next, const core::Service& current) {
  Report report;
  Place at("status.loadBalancer.ingress");
  const auto& ingress = next.status.load_balancer.ingress;
  if (next.spec.type != "LoadBalancer" && !ingress.empty()) {
    report.forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'");
    return report.take();
  }
  std::vector<std::string> kept;
  for (const auto& one : current.status.load_balancer.ingress) kept.push_back(one.ip);
  for (size_t i = 0; i < ingress.size(); ++i) {
    const auto& one = ingress[i];
    Place here(at, i);
    if (!one.ip.empty()) check_ip(report, one.ip, Place(here, "ip"), kept);
    Place mode(here, "ipMode");
    if (!one.ip_mode) {
      if (!one.ip.empty()) report.required(mode, "must be specified when `ip` is set");
    } else if (one.ip.empty()) {
      report.forbidden(mode, "may not be specified when `ip` is not set");
    } else {
      report.one_of(mode, *one.ip_mode, {"Proxy", "VIP"});
    }
    if (one.hostname.empty()) continue;
    Place hostname(here, "hostname");
    report.problems(hostname, one.hostname, schema::check_dns1123_subdomain(one.hostname));
    if (base::IpAddress::parse(one.hostname))
      report.invalid(hostname, one.hostname, "must be a DNS name, not an IP address");
  }
  return report.take();
}

FieldErrors validate_endpoints(const core::Endpoints& next, const core::Endpoints* current) {
  // What older versions let in stays, as long as nothing of it changes.
  if (current != nullptr && current->subsets == next.subsets) return {};
  Report report;
  auto check_addresses = [&](const std::vector<core::EndpointAddress>& addresses, const Place& at) {
    for (size_t i = 0; i < addresses.size(); ++i) {
      const auto& address = addresses[i];
      Place here(at, i);
      check_ip(report, address.ip, Place(here, "ip"));
      if (!address.hostname.empty()) {
        report.problems(Place(here, "hostname"), address.hostname, schema::check_dns1123_label(address.hostname));
      }
      if (address.node_name) {
        report.problems(Place(here, "nodeName"), *address.node_name,
                        schema::check_dns1123_subdomain(*address.node_name));
      }
      check_common_ip(report, address.ip, Place(here, "ip"));
    }
  };
  Place subsets("subsets");
  for (size_t i = 0; i < next.subsets.size(); ++i) {
    const auto& subset = next.subsets[i];
    Place at(subsets, i);
    if (subset.addresses.empty() && subset.not_ready_addresses.empty()) {
      report.required(at, "must specify `addresses` or `notReadyAddresses`");
    }
    check_addresses(subset.addresses, Place(at, "addresses"));
    check_addresses(subset.not_ready_addresses, Place(at, "notReadyAddresses"));
    Place ports(at, "ports");
    for (size_t j = 0; j < subset.ports.size(); ++j) {
      const auto& port = subset.ports[j];
      Place here(ports, j);
      if (!port.name.empty()) {
        report.problems(Place(here, "name"), port.name, schema::check_dns1123_label(port.name));
      } else if (subset.ports.size() > 1) {
        report.required(Place(here, "name"));
      }
      report.problems(Place(here, "port"), int64_t{port.port}, schema::check_port_number(port.port));
      report.required_one_of(Place(here, "protocol"), port.protocol, {"SCTP", "TCP", "UDP"});
      if (port.app_protocol) {
        report.problems(Place(here, "appProtocol"), *port.app_protocol,
                        schema::check_qualified_name(*port.app_protocol));
      }
    }
  }
  return report.take();
}

}  // namespace apiserver
