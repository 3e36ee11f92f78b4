// What the scheduler believes of the cluster: nodes, the pods on them, and the pods it has just placed itself but has
// not yet seen there (assumed ones), which count at once. One loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/core/node_info.h"

namespace scheduler {

class Cache {
 public:
  void put_node(const api::core_v1::Node& node);
  void remove_node(const std::string& name);

  // A pod that has a node, as seen: confirms, corrects or replaces what was assumed.
  void put_pod(const PodInfoRef& pod);
  void remove_pod(const client::Key& key);

  // Counts `pod` (whose node is set) at once. Confirmed by put_pod(), taken back by forget().
  void assume(const PodInfoRef& pod);
  void forget(const client::Key& key);
  bool is_assumed(const client::Key& key) const;
  // The pod as it was seen where it is; null when it was not, assumed or not.
  PodInfoRef seen(const client::Key& key) const;

  // Nodes that are known, zone by zone in turn, so that a search that stops early has looked everywhere.
  const std::vector<NodeInfo*>& nodes() const {
    if (order_is_stale_) rebuild_order();
    return order_;
  }
  const NodeInfo* node(const std::string& name) const;
  size_t pod_count() const { return pods_.size(); }

  // Nodes with pods that say something about the pods near them.
  const std::set<const NodeInfo*>& nodes_with_affinity() const { return nodes_with_affinity_; }
  // How many pods of a controller (PodInfo::owner) there are on each node, those that end not counted. Null for none.
  using PodsByNode = std::unordered_map<const NodeInfo*, int>;
  const PodsByNode* pods_of_owner(uint64_t owner) const;

  void put_namespace(const std::string& name, schema::Labels labels) { namespaces_[name] = std::move(labels); }
  void remove_namespace(const std::string& name) { namespaces_.erase(name); }
  const NamespaceLabels& namespaces() const { return namespaces_; }

 private:
  struct Placed {
    PodInfoRef pod;
    bool assumed = false;
  };
  // The one copy of what many nodes have.
  std::shared_ptr<const Taints> shared(const Taints& taints);
  NodeInfo& ensure_node(const std::string& name);
  void put_on(const PodInfoRef& pod, bool assumed);
  void take_off(const client::Key& key);
  void count_owner(const PodInfo& pod, const NodeInfo& node, int change);
  void rebuild_order() const;

  std::map<std::string, std::unique_ptr<NodeInfo>, std::less<>> nodes_;
  std::unordered_map<client::Key, Placed> pods_;
  mutable std::vector<NodeInfo*> order_;  // made when someone asks: nodes come by the thousand at start
  mutable bool order_is_stale_ = false;
  std::unordered_map<std::string, std::weak_ptr<const Taints>> taints_;  // by their text
  std::set<const NodeInfo*> nodes_with_affinity_;
  std::unordered_map<uint64_t, PodsByNode> owners_;
  NamespaceLabels namespaces_;
};

}  // namespace scheduler
