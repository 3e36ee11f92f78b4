#include "proxy/conntrack.h"

#include <algorithm>
#include <map>

namespace proxy {
namespace {

std::vector<std::string> addresses_of(const ServicePort& port) {
  std::vector<std::string> addresses = {port.cluster_ip};
  addresses.insert(addresses.end(), port.external_ips.begin(), port.external_ips.end());
  addresses.insert(addresses.end(), port.load_balancer_ips.begin(), port.load_balancer_ips.end());
  return addresses;
}

bool has(const std::vector<Endpoint>& endpoints, const Endpoint& wanted) {
  return std::any_of(endpoints.begin(), endpoints.end(), [&](const auto& endpoint) {
    return endpoint.address == wanted.address && endpoint.port == wanted.port;
  });
}

}  // namespace

std::vector<ConntrackCommand> stale_flows(const Snapshot& before, const Snapshot& after) {
  std::map<std::string, const ServicePort*> now;
  for (const auto& port : after.ports) {
    if (port.protocol == "udp") now[port.text()] = &port;
  }
  std::vector<ConntrackCommand> commands;
  std::map<std::string, const ServicePort*> then;
  for (const auto& port : before.ports) {
    if (port.protocol != "udp") continue;
    then[port.text()] = &port;
    auto current = now.find(port.text());
    for (const auto& endpoint : port.cluster_endpoints) {
      if (current != now.end() && has(current->second->cluster_endpoints, endpoint)) continue;
      for (const auto& address : addresses_of(port)) {
        commands.push_back({"-D", "--orig-dst", address, "--dst-nat", endpoint.address, "-p", "udp"});
      }
      if (port.node_port != 0) {
        commands.push_back(
            {"-D", "-p", "udp", "--dport", std::to_string(port.node_port), "--dst-nat", endpoint.address});
      }
    }
  }
  for (const auto& [text, port] : now) {
    auto old = then.find(text);
    bool had = old != then.end() && !old->second->cluster_endpoints.empty();
    if (had || port->cluster_endpoints.empty()) continue;
    for (const auto& address : addresses_of(*port)) commands.push_back({"-D", "--orig-dst", address, "-p", "udp"});
    if (port->node_port != 0) commands.push_back({"-D", "-p", "udp", "--dport", std::to_string(port->node_port)});
  }
  return commands;
}

}  // namespace proxy
