#include "scheduler/plugin/dynamic_resources/capacity.h"

namespace scheduler::dynamic_resources {
namespace {

using base::Quantity;

// The next amount of the range that is no less. Steps are counted from its beginning.
std::optional<Quantity> in_range(const Quantity& wanted, const resource::CapacityRequestPolicyRange& range) {
  Quantity least = range.min.value_or(Quantity());
  Quantity amount = wanted < least ? least : wanted;
  if (range.step && range.step->sign() > 0) {
    Quantity beyond = amount - least;
    int64_t step = range.step->value();
    int64_t steps = (beyond.value() + step - 1) / step;
    Quantity rounded = least;
    rounded += Quantity::of(steps * step);
    if (rounded > amount) amount = rounded;
  }
  if (range.max && amount > *range.max) return {};
  return amount;
}

std::optional<Quantity> consumed(const Quantity* wanted, const resource::DeviceCapacity& capacity) {
  if (!capacity.request_policy) return wanted == nullptr ? capacity.value : *wanted;
  auto& policy = *capacity.request_policy;
  if (wanted == nullptr) return policy.default_.value_or(capacity.value);
  if (policy.valid_range) return in_range(*wanted, *policy.valid_range);
  if (policy.valid_values.empty()) return *wanted;
  for (const auto& value : policy.valid_values)  // ascending
    if (value >= *wanted) return value;
  return {};
}

}  // namespace

std::optional<Amounts> consumption(const resource::CapacityRequirements* wanted, const resource::Device& device) {
  Amounts out;
  if (wanted != nullptr)
    for (const auto& [name, amount] : wanted->requests)
      if (!device.capacity.contains(name)) return {};
  for (const auto& [name, capacity] : device.capacity) {
    const Quantity* asked = nullptr;
    if (wanted != nullptr)
      if (auto found = wanted->requests.find(name); found != wanted->requests.end()) asked = &found->second;
    auto amount = consumed(asked, capacity);
    if (!amount || *amount > capacity.value) return {};
    out[name] = *amount;
  }
  return out;
}

bool is_left(const Amounts& wanted, const Amounts& taken, const resource::Device& device) {
  for (const auto& [name, amount] : wanted) {
    Quantity sum = amount;
    if (auto found = taken.find(name); found != taken.end()) sum += found->second;
    if (sum > device.capacity.find(name)->second.value) return false;
  }
  return true;
}

}  // namespace scheduler::dynamic_resources
