// Ways to the pods of other nodes, where the pods' network is a bridge on each node and nothing more: a route to each
// node's range of pod addresses by way of the node, which has to be on a network that this machine is on too; and the
// leave for what pods send to pods to keep its sender, which the bridge would masquerade.
//
// Not part of what upstream's proxy does: there it is the network plugin's work. One loop.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "client/client.h"
#include "io/task.h"

namespace proxy {

struct PodRoute {
  std::string range;    // "10.244.1.0/24"
  std::string gateway;  // "192.0.2.12"
  auto operator<=>(const PodRoute&) const = default;
};

// To the ranges of all nodes but `here`, in order; those without an address of the range's family have none. Pure.
std::vector<PodRoute> pod_routes(const std::vector<std::shared_ptr<const api::core_v1::Node>>& nodes,
                                 const std::string& here);

class PodRoutes {
 public:
  // `cluster_cidr`: the addresses of all pods, or two ranges, by comma; "": nothing is said about senders.
  PodRoutes(client::Client client, std::string node_name, std::string cluster_cidr);
  ~PodRoutes();
  PodRoutes(const PodRoutes&) = delete;

  // Follows the nodes and keeps the kernel's routes as they say, until cancelled. What is there stays then.
  io::Task<void> run();

  // Takes away the routes of this and earlier lives, and what was said about senders.
  static io::Task<void> clean_up();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proxy
