// Where resources could come from, and how wishes of several kinds are brought together. Pure. Kubernetes
// documentation, "Control Topology Management Policies on a Node".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kubelet/alignment/layout.h"

namespace kubelet {

struct Hint {
  std::optional<NodeMask> nodes;  // nothing: it does not matter
  bool preferred = false;         // fewer nodes would not do on any machine of this kind
  bool operator==(const Hint&) const = default;
};

// By resource. Nothing for a resource: it does not care. An empty list: it cannot be had at all.
using Hints = std::map<std::string, std::optional<std::vector<Hint>>>;

enum class TopologyPolicy : uint8_t { None, BestEffort, Restricted, SingleNumaNode };
// Nothing for an unknown name.
std::optional<TopologyPolicy> parse_topology_policy(std::string_view name);

struct Merged {
  Hint best;
  bool admitted = true;
};
Merged merge_hints(const Hints& hints, TopologyPolicy policy, NodeMask all_nodes);

// All sets of nodes that have at least `wanted` of what is there, each preferred if none smaller has by `total`.
std::vector<Hint> hints_for(int64_t wanted, const std::map<int, int64_t>& available,
                            const std::map<int, int64_t>& total);

int count_nodes(NodeMask nodes);

}  // namespace kubelet
