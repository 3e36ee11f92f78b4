// A node and what is on it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "scheduler/core/pod_info.h"

namespace scheduler {

struct NodeInfo {
  std::string name;
  std::shared_ptr<const api::core_v1::Node> node;  // null: pods are known to be on it, the node itself is not (yet)
  Resources allocatable;
  int64_t pods_max = 0;

  Resources requested;  // by all its pods
  Resources nonzero_requested;
  std::map<client::Key, PodInfoRef> pods;
  std::multiset<HostPort> ports;
  std::map<client::Key, PodInfoRef> pods_with_affinity;

  void set_node(std::shared_ptr<const api::core_v1::Node> node);
  void add_pod(const PodInfoRef& pod);
  void remove_pod(const client::Key& key);
  // Whether `wanted` is taken: the same port and protocol on an address that overlaps.
  bool is_taken(const HostPort& wanted) const;
  // The value of a label of the node, or null.
  const std::string* label(std::string_view name) const;
};

}  // namespace scheduler
