// What a proxy is told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace proxy {

enum class Mode : uint8_t { Iptables, Nftables };
// --proxy-mode: "iptables" (and ""), or "nftables". BadRequest for anything else.
base::Result<Mode> parse_mode(std::string_view text);

// How traffic of pods is told from that of others (--detect-local-mode).
enum class DetectLocal : uint8_t {
  ClusterCidr,          // by the addresses of all pods
  NodeCidr,             // by those of this node's pods
  BridgeInterface,      // by the bridge that they are on
  InterfaceNamePrefix,  // by how their interfaces' names begin
};

struct ProxyOptions {
  Mode mode = Mode::Iptables;
  std::string node_name;
  std::string cluster_cidr;  // one range, or one of each family, by comma
  DetectLocal detect_local = DetectLocal::ClusterCidr;
  std::string bridge_interface, interface_name_prefix;
  // Where node ports answer: ranges of addresses, or "primary" alone: the node's own. None: wherever the mode has it:
  // with iptables on all of the machine's, with nftables on the node's own.
  std::vector<std::string> node_port_addresses;
  bool masquerade_all = false;
  bool local_node_ports = true;
  int64_t min_sync_period_ns = 50'000'000;  // changes within this time become one
  bool pod_routes = false;                  // keep ways to the pods of other nodes; see proxy/pod_routes.h
};

}  // namespace proxy
