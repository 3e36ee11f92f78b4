// What service traffic is to do on this node, free of any kernel's form: which address and port leads to which
// endpoints.
//
// Rules: Kubernetes documentation, "Virtual IPs and Service Proxies", "Service internal traffic policy", "Traffic
// distribution", and of EndpointSlices "Conditions".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"

namespace proxy {

enum class Family : uint8_t { IPv4, IPv6 };

struct Endpoint {
  std::string address;
  int port = 0;
  bool local = false;  // on this node
  bool ready = true;   // else it only serves while it ends
  auto operator<=>(const Endpoint&) const = default;
};

// One port of one service, in one address family.
struct ServicePort {
  std::string namespace_;
  std::string service;
  std::string name;      // of the port; "" if it has none
  std::string protocol;  // "tcp", "udp", "sctp"
  std::string cluster_ip;
  int port = 0;
  int node_port = 0;  // 0: none
  std::vector<std::string> external_ips;
  std::vector<std::string> load_balancer_ips;
  std::vector<std::string> load_balancer_sources;  // CIDRs that may come in; empty: all
  bool external_local = false;                     // externalTrafficPolicy: Local
  bool internal_local = false;                     // internalTrafficPolicy: Local
  std::optional<int> affinity_seconds;
  int health_check_port = 0;

  // In order of address and port; those that may get traffic now. Ready ones; when there are none, those that still
  // serve while they end.
  std::vector<Endpoint> cluster_endpoints;  // whole cluster, or what of it hints mean for this node or its zone
  std::vector<Endpoint> local_endpoints;    // this node's; for the Local policies
  bool has_any_endpoint = false;            // somewhere, usable or not for the policy at hand

  const std::vector<Endpoint>& internal_endpoints() const {
    return internal_local ? local_endpoints : cluster_endpoints;
  }
  const std::vector<Endpoint>& external_endpoints() const {
    return external_local ? local_endpoints : cluster_endpoints;
  }
  // "default/web:http", as upstream names it in comments and in what its chain names are made of.
  std::string text() const;
  bool operator==(const ServicePort&) const = default;
};

struct Snapshot {
  std::vector<ServicePort> ports;  // ordered by text()
  bool operator==(const Snapshot&) const = default;
};

using Services = std::vector<std::shared_ptr<const api::core_v1::Service>>;
using Slices = std::vector<std::shared_ptr<const api::discovery_k8s_io_v1::EndpointSlice>>;

// How traffic of the cluster's pods is told from that of others (--detect-local-mode).
struct PodTraffic {
  enum class By : uint8_t {
    Nothing,    // it is not
    Range,      // its sender's address is in `value`, of the family at hand
    Bridge,     // it comes in by the interface `value`
    Interface,  // it comes in by one whose name begins with `value`
  };
  By by = By::Nothing;
  std::string value;
  bool operator==(const PodTraffic&) const = default;
};

// Where this proxy works.
struct Here {
  std::string node;
  std::string zone;  // the node's; "" if it has none, or is not known
};

// Pure. Services that another proxy serves (label service.kubernetes.io/service-proxy-name), headless ones and external
// names have no place in it.
Snapshot make_snapshot(const Services& services, const Slices& slices, const Here& here, Family family);

}  // namespace proxy
