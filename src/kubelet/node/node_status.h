// The node object as this machine would have it: capacity, addresses, conditions, labels, in upstream's words. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/core_v1.h"
#include "base/time.h"
#include "kubelet/node/machine.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

struct NodeFacts {
  Machine machine;
  Pressure pressure;
  RuntimeInfo runtime;
  std::vector<cri::Image> images;
  base::Time now;
};

using Amounts = std::map<std::string, base::Quantity, std::less<>>;
Amounts node_capacity(const KubeletOptions& options, const Machine& machine);
// Capacity less what is reserved.
Amounts node_allocatable(const KubeletOptions& options, const Machine& machine);

// A node as it is registered: labels, taints, status.
api::core_v1::Node make_node(const KubeletOptions& options, const NodeFacts& facts);

// Brings `node` up to the facts; heartbeat times are set anew. Returns whether anything but those times changed, which then has to
// be told at once.
bool update_node(api::core_v1::Node& node, const KubeletOptions& options, const NodeFacts& facts);

}  // namespace kubelet
