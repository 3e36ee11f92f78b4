// How a claim's volume is made larger on the node, as the claim's status tells of it. Pure.
// Rules: the Kubernetes documentation, "Expanding Persistent Volumes Claims"; KEP-1790 for the statuses.
#pragma once

#include <string>

#include "api/core_v1.h"
#include "base/quantity.h"
#include "base/result.h"
#include "base/time.h"

namespace kubelet {

// The volume is larger than the claim knows: its file system, or device, is to follow.
bool is_to_grow(const api::core_v1::PersistentVolumeClaim& claim, const api::core_v1::PersistentVolume& volume);

// The claim's status while the driver works, once it is done, and when it failed. `infeasible`: it would fail again.
api::core_v1::PersistentVolumeClaim growing(api::core_v1::PersistentVolumeClaim claim);
api::core_v1::PersistentVolumeClaim grown(api::core_v1::PersistentVolumeClaim claim, base::Quantity size);
api::core_v1::PersistentVolumeClaim not_grown(api::core_v1::PersistentVolumeClaim claim, const std::string& why,
                                              bool infeasible, base::Time now);

// Whether the driver's refusal is for good.
bool is_infeasible(const base::Error& error);

}  // namespace kubelet
