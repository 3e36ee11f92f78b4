// How much of a device's capacity a request takes. Pure. API documentation of CapacityRequirements and
// CapacityRequestPolicy.
#pragma once

#include <optional>

#include "scheduler/plugin/dynamic_resources/pools.h"

namespace scheduler::dynamic_resources {

// Of each capacity of the device: what is asked for, rounded up as its policy says, or what is taken when nobody asks.
// Nothing when the device does not have that much, or not what is asked for at all.
std::optional<Amounts> consumption(const resource::CapacityRequirements* wanted, const resource::Device& device);

// Whether that much is left of the device beside what is taken of it already.
bool is_left(const Amounts& wanted, const Amounts& taken, const resource::Device& device);

}  // namespace scheduler::dynamic_resources
