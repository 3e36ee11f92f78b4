#include "scheduler/core/cache.h"

namespace scheduler {
namespace {

std::string zone_of(const NodeInfo& node) {
  const std::string* region = node.label("topology.kubernetes.io/region");
  const std::string* zone = node.label("topology.kubernetes.io/zone");
  return (region ? *region : "") + '\0' + (zone ? *zone : "");
}

}  // namespace

std::shared_ptr<const Taints> Cache::shared(const Taints& taints) {
  std::string text;
  for (const auto& taint : taints) {
    for (const auto* part : {&taint.key, &taint.value, &taint.effect}) text.append(*part) += '\0';
  }
  auto& known = taints_[text];
  auto found = known.lock();
  if (found) return found;
  found = std::make_shared<const Taints>(taints);
  known = found;
  std::erase_if(taints_, [](const auto& one) { return one.second.expired(); });
  return found;
}

NodeInfo& Cache::ensure_node(const std::string& name) {
  auto& slot = nodes_[name];
  if (!slot) {
    slot = std::make_unique<NodeInfo>();
    slot->name = name;
  }
  return *slot;
}

void Cache::put_node(const api::core_v1::Node& node) {
  auto& info = ensure_node(node.metadata.name);
  bool was_known = info.node != nullptr;
  std::string zone_before = zone_of(info);
  info.set_node(node);
  info.taints = shared(node.spec.taints);
  if (!was_known || zone_before != zone_of(info)) order_is_stale_ = true;
}

void Cache::remove_node(const std::string& name) {
  auto found = nodes_.find(name);
  if (found == nodes_.end()) return;
  if (found->second->pods.empty()) {
    nodes_.erase(found);
  } else {
    found->second->forget_node();  // its pods are still said to be there
  }
  order_is_stale_ = true;
}

void Cache::rebuild_order() const {
  order_is_stale_ = false;
  std::map<std::string, std::vector<NodeInfo*>> zones;
  size_t longest = 0;
  for (auto& [name, info] : nodes_) {
    if (!info->node) continue;
    auto& zone = zones[zone_of(*info)];
    zone.push_back(info.get());
    longest = std::max(longest, zone.size());
  }
  order_.clear();
  for (size_t i = 0; i < longest; ++i) {
    for (auto& [name, zone] : zones) {
      if (i < zone.size()) order_.push_back(zone[i]);
    }
  }
}

void Cache::put_on(const PodInfoRef& pod, bool assumed) {
  take_off(pod->key);
  NodeInfo& node = ensure_node(pod->node);
  node.add_pod(pod);
  if (pod->affinity) nodes_with_affinity_.insert(&node);
  count_owner(*pod, node, 1);
  pods_[pod->key] = {pod, assumed};
}

void Cache::take_off(const client::Key& key) {
  auto found = pods_.find(key);
  if (found == pods_.end()) return;
  auto at = nodes_.find(found->second.pod->node);
  if (at != nodes_.end()) {
    NodeInfo& node = *at->second;
    count_owner(*found->second.pod, node, -1);
    node.remove_pod(key);
    if (node.pods_with_affinity.empty()) nodes_with_affinity_.erase(&node);
    if (!node.node && node.pods.empty()) nodes_.erase(at);
  }
  pods_.erase(found);
}

void Cache::count_owner(const PodInfo& pod, const NodeInfo& node, int change) {
  if (pod.owner == 0 || pod.terminating) return;
  auto& nodes = owners_[pod.owner];
  if ((nodes[&node] += change) == 0) nodes.erase(&node);
  if (nodes.empty()) owners_.erase(pod.owner);
}

const Cache::PodsByNode* Cache::pods_of_owner(uint64_t owner) const {
  auto found = owners_.find(owner);
  return found == owners_.end() ? nullptr : &found->second;
}

void Cache::put_pod(const PodInfoRef& pod) {
  put_on(pod, false);
}

void Cache::remove_pod(const client::Key& key) {
  take_off(key);
}

void Cache::assume(const PodInfoRef& pod) {
  put_on(pod, true);
}

void Cache::forget(const client::Key& key) {
  if (is_assumed(key)) take_off(key);
}

bool Cache::is_assumed(const client::Key& key) const {
  auto found = pods_.find(key);
  return found != pods_.end() && found->second.assumed;
}

PodInfoRef Cache::seen(const client::Key& key) const {
  auto found = pods_.find(key);
  return found == pods_.end() || found->second.assumed ? nullptr : found->second.pod;
}

const NodeInfo* Cache::node(const std::string& name) const {
  auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second.get();
}

}  // namespace scheduler
