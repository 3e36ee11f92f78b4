// Where a pod's claims are, or could be, satisfied. Pure over the caches. Kubernetes documentation, "Storage Classes",
// "Volume Binding Mode"; "Storage Capacity".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/node_info.h"
#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler::volume_binding {

using ClaimRef = std::shared_ptr<const Storage::Claim>;
using VolumeRef = std::shared_ptr<const Storage::Volume>;

// The pod's claims by what is to be done about them.
struct Claims {
  std::vector<ClaimRef> bound;
  std::vector<ClaimRef> waiting;  // for the scheduler; the least room first
};
// Or why the pod can go nowhere.
struct Sorted {
  Claims claims;
  std::optional<Refusal> refusal;
};
Sorted sort_claims(const PodInfo& pod, const Storage& storage);

struct Match {
  ClaimRef claim;
  VolumeRef volume;
};
// What is to be done so that the waiting claims are satisfied on a node.
struct Choice {
  std::vector<Match> matches;        // volumes that are there
  std::vector<ClaimRef> provision;   // to be made for that node
  std::vector<std::string> reasons;  // why the node will not do; empty when it will
};
Choice choose(const Claims& claims, const NodeInfo& node, const Storage& storage);

bool is_reachable(const Storage::Volume& volume, const api::core_v1::Node& node);
std::string key_of(const Storage::Claim& claim);  // "namespace/name"

}  // namespace scheduler::volume_binding
