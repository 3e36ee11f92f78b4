// What a pod wants of devices: its claims, and what has to happen before it can have them. Pure over the caches.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "device/selector.h"
#include "scheduler/core/devices.h"
#include "scheduler/core/plugin.h"
#include "scheduler/plugin/dynamic_resources/allocator.h"
#include "scheduler/plugin/dynamic_resources/extended.h"

namespace scheduler::dynamic_resources {

using ClaimRef = std::shared_ptr<const Devices::Claim>;

// Why devices that have to be made ready for a claim never will be, or nothing. From their allocation on they have
// `ready_within`.
std::optional<std::string> binding_failure(const Devices::Claim& claim, base::Time now, io::Duration ready_within);
// All devices of the claim are ready.
bool is_ready(const Devices::Claim& claim);

struct Wishes {
  std::vector<ClaimRef> allocated;
  std::vector<ClaimRef> waiting;   // for devices
  ClaimRef failed;                 // allocated, but its devices will not be made ready
  std::set<std::string> extended;  // resources that devices may stand behind
  ClaimRef stale;                  // made for extended resources in an earlier attempt
  std::optional<Refusal> refusal;  // the pod can go nowhere

  bool empty() const { return allocated.empty() && waiting.empty() && extended.empty() && !refusal; }
};
Wishes wishes_of(const PodInfo& pod, const Devices& devices, base::Time now, io::Duration ready_within);

// What the pod gets on a node.
struct Choice {
  std::vector<ClaimRef> claims;           // those that were waiting
  std::optional<ExtendedClaim> extended;  // the claim to be made
  Allocations allocations;                // of `claims`, then of `extended`
  std::optional<Refusal> refusal;
  ClaimRef unavailable;  // is allocated, and not for this node
};
Choice choose(const PodInfo& pod, const Wishes& wishes, const NodeInfo& node, const Devices& devices,
              const Taken& taken, device::Selectors& selectors);

// What claims have by now.
Taken taken_now(const Devices& devices);

}  // namespace scheduler::dynamic_resources
