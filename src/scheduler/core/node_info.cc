#include "scheduler/core/node_info.h"

#include <algorithm>

namespace scheduler {

void NodeInfo::set_node(const api::core_v1::Node& fresh) {
  auto kept = std::make_unique<api::core_v1::Node>();
  kept->metadata.name = fresh.metadata.name;
  kept->metadata.labels = fresh.metadata.labels;
  kept->metadata.annotations = fresh.metadata.annotations;
  kept->spec = fresh.spec;
  kept->status.declared_features = fresh.status.declared_features;
  node = std::move(kept);
  name = fresh.metadata.name;
  allocatable = to_resources(fresh.status.allocatable);
  auto pods = fresh.status.allocatable.find("pods");
  pods_max = pods == fresh.status.allocatable.end() ? 0 : pods->second.value();
  images.clear();
  for (const auto& image : fresh.status.images) {
    for (const auto& one : image.names) images.emplace_back(image_name(one), image.size_bytes);
  }
  std::ranges::sort(images);
  images.shrink_to_fit();
}

ImageName image_name(std::string_view name) {
  return std::hash<std::string_view>()(name);
}

int64_t NodeInfo::image_size(ImageName wanted) const {
  auto found = std::ranges::lower_bound(images, wanted, {}, &std::pair<ImageName, int64_t>::first);
  return found != images.end() && found->first == wanted ? found->second : 0;
}

void NodeInfo::forget_node() {
  node = nullptr;
  taints = nullptr;
  allocatable = {};
  pods_max = 0;
  images.clear();
}

void NodeInfo::add_pod(const PodInfoRef& pod) {
  remove_pod(pod->key);
  requested.add(pod->requests);
  nonzero_requested.add(pod->nonzero_requests);
  ports.insert(pod->ports.begin(), pod->ports.end());
  pods[pod->key] = pod;
  if (pod->affinity) pods_with_affinity[pod->key] = pod;
}

void NodeInfo::remove_pod(const client::Key& key) {
  auto found = pods.find(key);
  if (found == pods.end()) return;
  requested.subtract(found->second->requests);
  nonzero_requested.subtract(found->second->nonzero_requests);
  for (const auto& port : found->second->ports) {
    auto one = ports.find(port);
    if (one != ports.end()) ports.erase(one);
  }
  pods.erase(found);
  pods_with_affinity.erase(key);
}

bool NodeInfo::is_taken(const HostPort& wanted) const {
  return std::any_of(ports.begin(), ports.end(), [&](const HostPort& used) {
    return used.port == wanted.port && used.protocol == wanted.protocol &&
           (used.address == wanted.address || used.address == "0.0.0.0" || wanted.address == "0.0.0.0");
  });
}

const std::string* NodeInfo::label(std::string_view label_name) const {
  if (!node) return nullptr;
  auto found = node->metadata.labels.find(label_name);
  return found == node->metadata.labels.end() ? nullptr : &found->second;
}

}  // namespace scheduler
