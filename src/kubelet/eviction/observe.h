// What this node has left, read from the kernel. Blocking, short: for the pool.
#pragma once

#include <optional>
#include <string>

#include "kubelet/cgroup/cgroups.h"
#include "kubelet/eviction/pressure.h"
#include "kubelet/eviction/victims.h"

namespace kubelet {

struct ObservedPlaces {
  std::string root_directory;
  std::string images;      // where the runtime keeps them; "": it does not say
  std::string containers;  // and writable layers, if elsewhere; "": with the images
  std::optional<Cgroups> cgroups;
  std::string pods_group;  // the control group of all pods
  int64_t memory_bytes = 0;
  int64_t pods_memory_bytes = 0;  // what all pods together may have
};

struct NodeObservation {
  Observations seen;
  Disks disks;
};
NodeObservation observe_node(const ObservedPlaces& places);

}  // namespace kubelet
