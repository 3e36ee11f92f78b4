#include "scheduler/core/node_info.h"

#include <algorithm>

namespace scheduler {

void NodeInfo::set_node(std::shared_ptr<const api::core_v1::Node> fresh) {
  node = std::move(fresh);
  allocatable = node ? to_resources(node->status.allocatable) : Resources{};
  pods_max = 0;
  if (!node) return;
  name = node->metadata.name;
  auto pods = node->status.allocatable.find("pods");
  if (pods != node->status.allocatable.end()) pods_max = pods->second.value();
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
