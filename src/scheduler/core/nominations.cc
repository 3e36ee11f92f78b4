#include "scheduler/core/nominations.h"

#include <algorithm>

namespace scheduler {

void Nominations::put(const PodInfoRef& pod, const std::string& node) {
  remove(pod->key);
  nodes_[node].push_back(pod);
  pods_[pod->key] = node;
}

void Nominations::remove(const client::Key& key) {
  auto known = pods_.find(key);
  if (known == pods_.end()) return;
  auto node = nodes_.find(known->second);
  std::erase_if(node->second, [&](const PodInfoRef& pod) { return pod->key == key; });
  if (node->second.empty()) nodes_.erase(node);
  pods_.erase(known);
}

const std::string& Nominations::node_of(const client::Key& key) const {
  static const std::string kNone;
  auto known = pods_.find(key);
  return known == pods_.end() ? kNone : known->second;
}

const std::vector<PodInfoRef>* Nominations::on(const std::string& node) const {
  auto known = nodes_.find(node);
  return known == nodes_.end() ? nullptr : &known->second;
}

}  // namespace scheduler
