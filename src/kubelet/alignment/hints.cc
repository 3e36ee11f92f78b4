#include "kubelet/alignment/hints.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace kubelet {
namespace {

// Beyond so many nodes their sets are too many to look at.
constexpr size_t kNodesMax = 8;

bool is_better(const Hint& a, const Hint& b) {
  if (a.preferred != b.preferred) return a.preferred;
  int left = count_nodes(*a.nodes), right = count_nodes(*b.nodes);
  return left != right ? left < right : *a.nodes < *b.nodes;
}

std::vector<std::vector<Hint>> lists_of(const Hints& hints) {
  std::vector<std::vector<Hint>> out;
  for (const auto& [resource, list] : hints) {
    if (!list) {
      out.push_back({{.nodes = {}, .preferred = true}});
    } else if (list->empty()) {
      out.push_back({{.nodes = {}, .preferred = false}});
    } else {
      out.push_back(*list);
    }
  }
  return out;
}

}  // namespace

int count_nodes(NodeMask nodes) {
  return std::popcount(nodes);
}

std::optional<TopologyPolicy> parse_topology_policy(std::string_view name) {
  if (name.empty() || name == "none") return TopologyPolicy::None;
  if (name == "best-effort") return TopologyPolicy::BestEffort;
  if (name == "restricted") return TopologyPolicy::Restricted;
  if (name == "single-numa-node") return TopologyPolicy::SingleNumaNode;
  return std::nullopt;
}

Merged merge_hints(const Hints& hints, TopologyPolicy policy, NodeMask all_nodes) {
  if (policy == TopologyPolicy::None) return {.best = {.nodes = {}, .preferred = true}};
  auto lists = lists_of(hints);
  if (policy == TopologyPolicy::SingleNumaNode)
    for (auto& list : lists)
      std::erase_if(list,
                    [](const Hint& hint) { return !hint.preferred || (hint.nodes && count_nodes(*hint.nodes) > 1); });
  Hint best{.nodes = all_nodes, .preferred = false};
  std::function<void(size_t, Hint)> combine = [&](size_t at, Hint so_far) {
    if (*so_far.nodes == 0) return;
    if (at == lists.size()) {
      if (is_better(so_far, best)) best = so_far;
      return;
    }
    for (const auto& hint : lists[at])
      combine(at + 1, {.nodes = *so_far.nodes & hint.nodes.value_or(all_nodes),
                       .preferred = so_far.preferred && hint.preferred});
  };
  combine(0, {.nodes = all_nodes, .preferred = true});
  Merged out{.best = best};
  if (policy == TopologyPolicy::SingleNumaNode && best.nodes == all_nodes) out.best.nodes = {};
  out.admitted = policy == TopologyPolicy::BestEffort || best.preferred;
  return out;
}

std::vector<Hint> hints_for(int64_t wanted, const std::map<int, int64_t>& available,
                            const std::map<int, int64_t>& total) {
  std::vector<int> nodes;
  for (const auto& [node, amount] : total)
    if (nodes.size() < kNodesMax) nodes.push_back(node);
  std::vector<Hint> out;
  int least = 64;
  for (NodeMask choice = 1; choice < NodeMask{1} << nodes.size(); ++choice) {
    NodeMask mask = 0;
    int64_t has = 0, could = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if ((choice >> i & 1) == 0) continue;
      mask |= NodeMask{1} << nodes[i];
      could += total.at(nodes[i]);
      if (auto found = available.find(nodes[i]); found != available.end()) has += found->second;
    }
    if (could >= wanted) least = std::min(least, count_nodes(mask));
    if (has >= wanted) out.push_back({.nodes = mask, .preferred = false});
  }
  for (auto& hint : out) hint.preferred = count_nodes(*hint.nodes) == least;
  return out;
}

}  // namespace kubelet
