// Nodes that are kept for pods for which others were evicted there, until they come: they count there for every pod
// that is not more important. One loop.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/core/pod_info.h"

namespace scheduler {

class Nominations {
 public:
  // Replaces what was said of the pod before.
  void put(const PodInfoRef& pod, const std::string& node);
  void remove(const client::Key& key);

  // "" when none is kept for it.
  const std::string& node_of(const client::Key& key) const;
  // Those for which the node is kept; null for none.
  const std::vector<PodInfoRef>* on(const std::string& node) const;

 private:
  std::map<std::string, std::vector<PodInfoRef>, std::less<>> nodes_;
  std::unordered_map<client::Key, std::string> pods_;
};

}  // namespace scheduler
