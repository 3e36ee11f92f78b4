#include "scheduler/core/cache.h"

namespace scheduler {
namespace {

std::string zone_of(const NodeInfo& node) {
  const std::string* region = node.label("topology.kubernetes.io/region");
  const std::string* zone = node.label("topology.kubernetes.io/zone");
  return (region ? *region : "") + '\0' + (zone ? *zone : "");
}

}  // namespace

NodeInfo& Cache::ensure_node(const std::string& name) {
  auto& slot = nodes_[name];
  if (!slot) {
    slot = std::make_unique<NodeInfo>();
    slot->name = name;
  }
  return *slot;
}

void Cache::put_node(std::shared_ptr<const api::core_v1::Node> node) {
  auto& info = ensure_node(node->metadata.name);
  bool was_known = info.node != nullptr;
  std::string zone_before = zone_of(info);
  info.set_node(std::move(node));
  if (!was_known || zone_before != zone_of(info)) rebuild_order();
}

void Cache::remove_node(const std::string& name) {
  auto found = nodes_.find(name);
  if (found == nodes_.end()) return;
  if (found->second->pods.empty()) {
    nodes_.erase(found);
  } else {
    found->second->set_node(nullptr);  // its pods are still said to be there
  }
  rebuild_order();
}

void Cache::rebuild_order() {
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

void Cache::take_off(const client::Key& key) {
  auto found = pods_.find(key);
  if (found == pods_.end()) return;
  auto node = nodes_.find(found->second.pod->node);
  if (node != nodes_.end()) {
    node->second->remove_pod(key);
    if (!node->second->node && node->second->pods.empty()) nodes_.erase(node);
  }
  pods_.erase(found);
}

void Cache::put_pod(const PodInfoRef& pod) {
  take_off(pod->key);
  ensure_node(pod->node).add_pod(pod);
  pods_[pod->key] = {pod, false};
}

void Cache::remove_pod(const client::Key& key) {
  take_off(key);
}

void Cache::assume(const PodInfoRef& pod) {
  take_off(pod->key);
  ensure_node(pod->node).add_pod(pod);
  pods_[pod->key] = {pod, true};
}

void Cache::forget(const client::Key& key) {
  if (is_assumed(key)) take_off(key);
}

bool Cache::is_assumed(const client::Key& key) const {
  auto found = pods_.find(key);
  return found != pods_.end() && found->second.assumed;
}

const NodeInfo* Cache::node(const std::string& name) const {
  auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second.get();
}

}  // namespace scheduler
