// What a daemon set should do: pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "controller/common/pods.h"

namespace controller::daemonset {

using api::apps_v1::DaemonSet;
using NodePointer = std::shared_ptr<const api::core_v1::Node>;

struct Snapshot {
  const DaemonSet& set;
  std::vector<NodePointer> nodes;
  std::vector<PodPointer> pods;  // its own
  std::string hash;              // of the template's revision
  base::Time now;
};

struct Plan {
  std::vector<std::string> create;  // nodes that get a pod
  std::vector<PodPointer> remove;
  std::vector<PodPointer> failed;  // of these, those that ended by themselves: an event tells
};

// Whether the set's pod should be on the node, and whether one that is there may stay.
struct Fit {
  bool should_run = false;
  bool may_stay = false;
};
Fit fit(const DaemonSet& set, const api::core_v1::Node& node);

// The node a pod is on or meant for.
std::string target_node(const api::core_v1::Pod& pod);

Plan plan(const Snapshot& snapshot);
api::apps_v1::DaemonSetStatus status_of(const Snapshot& snapshot);

// The pod for a node: pinned to it by affinity, tolerating what a daemon must.
api::core_v1::Pod make_pod(const DaemonSet& set, const std::string& node, const std::string& hash);

}  // namespace controller::daemonset
