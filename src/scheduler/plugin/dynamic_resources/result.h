// What becomes of devices once they are chosen: the constraints of their claim, and the claim's allocation. Pure.
#pragma once

#include <vector>

#include "scheduler/plugin/dynamic_resources/allocator.h"
#include "scheduler/plugin/dynamic_resources/capacity.h"

namespace scheduler::dynamic_resources {

struct Chosen {
  const Wish* wish;
  const Pool* pool;
  const PooledDevice* device;
  Amounts consumed = {};  // of one that several share
};

// Whether one more device keeps the constraints, given that those which are chosen do.
bool keeps_constraints(const resource::DeviceClaim& claim, const std::vector<Chosen>& chosen, const Chosen& more);

resource::AllocationResult make_result(const resource::ResourceClaim& claim, const std::vector<Chosen>& chosen,
                                       const api::core_v1::Node& node);

// How good the alternatives are that were chosen: each request with alternatives gives more, the earlier its choice
// stands.
int64_t preference_of(const Wanted& wanted, const std::vector<Chosen>& chosen);

}  // namespace scheduler::dynamic_resources
