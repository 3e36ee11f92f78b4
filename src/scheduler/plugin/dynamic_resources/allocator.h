// Finds devices for claims on a node: all claims get all they ask for, or none gets anything. Pure. Kubernetes
// documentation, "Dynamic Resource Allocation"; API documentation of DeviceRequest, DeviceSubRequest, DeviceConstraint.
//
// Requests are satisfied in order, each by the first devices that will do, and taken back when a later one cannot be.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "device/selector.h"
#include "scheduler/plugin/dynamic_resources/pools.h"

namespace scheduler::dynamic_resources {

// At most so many devices stand in one claim.
inline constexpr size_t kResultsMax = 32;

using ClassOf = std::function<std::shared_ptr<const resource::DeviceClass>(const std::string& name)>;

// One way in which a request may be satisfied: what it says itself, or one of its alternatives.
struct Wish {
  std::string name;  // "request" or "request/alternative"
  std::shared_ptr<const resource::DeviceClass> device_class;
  const std::vector<resource::DeviceSelector>* selectors;
  const std::vector<resource::DeviceToleration>* tolerations;
  const resource::CapacityRequirements* capacity;  // may be null
  int64_t count = 0;                               // 0: all there are
  bool admin_access = false;
};

// A claim that has no devices yet. Of the claim that is given, which must outlive it.
struct Wanted {
  const resource::ResourceClaim* claim;
  std::vector<std::vector<Wish>> requests;  // of each its alternatives, the best first
};
// The classes are known to be there.
Wanted wanted_by(const resource::ResourceClaim& claim, const ClassOf& class_of);

struct Allocations {
  std::vector<resource::AllocationResult> results;  // one for each claim; shares have no id yet
  int64_t preference = 0;                           // the more, the better were the alternatives
};

struct Ground {
  const api::core_v1::Node& node;
  const std::vector<Pool>& pools;
  const Taken& taken;
  device::Selectors& selectors;
};
// Nothing when the node has not all that is wanted. An Error says why it cannot be known, in upstream's words.
base::Result<std::optional<Allocations>> allocate(const std::vector<Wanted>& claims, const Ground& ground);

}  // namespace scheduler::dynamic_resources
