// A node and what is on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core_v1.h"
#include "scheduler/core/pod_info.h"

namespace scheduler {

// A name under which a node has an image, as a number that is as good as unique: nodes have many, and keep them for
// long.
using ImageName = uint64_t;
ImageName image_name(std::string_view name);

using Taints = std::vector<api::core_v1::Taint>;

struct NodeInfo {
  std::string name;
  // What plugins judge by: name, labels, annotations and spec; the rest of the object is left out, for there are
  // thousands. Null: pods are known to be on it, the node itself is not (yet).
  std::shared_ptr<const api::core_v1::Node> node;
  // Those of the node, but for when they were added; shared by all nodes that have the same. Null without a node.
  std::shared_ptr<const Taints> taints;
  Resources allocatable;
  int64_t pods_max = 0;
  std::vector<std::pair<ImageName, int64_t>> images;  // with their sizes in bytes, by name

  Resources requested;  // by all its pods
  Resources nonzero_requested;
  std::map<client::Key, PodInfoRef> pods;
  std::multiset<HostPort> ports;
  std::map<client::Key, PodInfoRef> pods_with_affinity;

  void set_node(const api::core_v1::Node& node);
  void forget_node();
  void add_pod(const PodInfoRef& pod);
  void remove_pod(const client::Key& key);
  // Whether `wanted` is taken: the same port and protocol on an address that overlaps.
  bool is_taken(const HostPort& wanted) const;
  // Bytes of the image, 0: the node does not have it.
  int64_t image_size(ImageName name) const;
  // The value of a label of the node, or null.
  const std::string* label(std::string_view name) const;
};

}  // namespace scheduler
