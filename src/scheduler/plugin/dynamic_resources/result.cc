#include "scheduler/plugin/dynamic_resources/result.h"

#include <algorithm>
#include <set>

#include "device/names.h"

namespace scheduler::dynamic_resources {
namespace {

namespace core = api::core_v1;

constexpr size_t kAlternativesMax = 8;

bool names(const std::vector<std::string>& requests, const std::string& wish) {
  return std::ranges::any_of(requests, [&](auto& one) { return one == wish || one == device::base_request(wish); });
}

// A name without a domain is of the driver's.
const resource::DeviceAttribute* attribute_of(const PooledDevice& device, const std::string& name) {
  auto& attributes = device.device->attributes;
  if (auto found = attributes.find(name); found != attributes.end()) return &found->second;
  size_t slash = name.find('/');
  if (slash == std::string::npos || name.substr(0, slash) != device.slice->spec.driver) return nullptr;
  auto found = attributes.find(name.substr(slash + 1));
  return found == attributes.end() ? nullptr : &found->second;
}

// On which nodes all of the devices can be had; null: on all.
schema::Box<core::NodeSelector> node_selector(const std::vector<Chosen>& chosen, const core::Node& node) {
  schema::Box<core::NodeSelector> out;
  bool local = std::ranges::any_of(
      chosen, [](auto& one) { return one.device->local || one.device->device->binds_to_node.value_or(false); });
  if (local) {
    auto& need = out.emplace().node_selector_terms.emplace_back().match_fields.emplace_back();
    need.key = "metadata.name";
    need.operator_ = "In";
    need.values = {node.metadata.name};
    return out;
  }
  for (const auto& one : chosen) {
    if (one.device->selector == nullptr) continue;
    if (!out) out.emplace().node_selector_terms.emplace_back();
    auto& term = out->node_selector_terms.front();
    auto add = [](auto& to, auto& from) {
      for (auto& need : from)
        if (std::ranges::find(to, need) == to.end()) to.push_back(need);
    };
    for (const auto& part : one.device->selector->node_selector_terms) {
      add(term.match_expressions, part.match_expressions);
      add(term.match_fields, part.match_fields);
    }
  }
  return out;
}

void add_configuration(resource::DeviceAllocationResult& out, const resource::ResourceClaim& claim,
                       const std::vector<Chosen>& chosen) {
  std::vector<const Wish*> wishes;
  for (const auto& one : chosen)
    if (std::ranges::find(wishes, one.wish) == wishes.end()) wishes.push_back(one.wish);
  for (const auto* wish : wishes)
    for (const auto& config : wish->device_class->spec.config) {
      auto& one = out.config.emplace_back();
      one.source = "FromClass";
      one.requests = {wish->name};
      one.opaque = config.opaque;
    }
  for (const auto& config : claim.spec.devices.config) {
    bool concerns = config.requests.empty() ||
                    std::ranges::any_of(wishes, [&](auto* wish) { return names(config.requests, wish->name); });
    if (!concerns) continue;
    auto& one = out.config.emplace_back();
    one.source = "FromClaim";
    one.requests = config.requests;
    one.opaque = config.opaque;
  }
}

}  // namespace

bool keeps_constraints(const resource::DeviceClaim& claim, const std::vector<Chosen>& chosen, const Chosen& more) {
  for (const auto& constraint : claim.constraints) {
    auto concerns = [&](const Chosen& one) {
      return constraint.requests.empty() || names(constraint.requests, one.wish->name);
    };
    if (!concerns(more)) continue;
    bool match = constraint.match_attribute.has_value();
    const auto& name = match ? *constraint.match_attribute : constraint.distinct_attribute.value_or("");
    const auto* mine = attribute_of(*more.device, name);
    if (mine == nullptr) return false;
    for (const auto& one : chosen) {
      if (!concerns(one)) continue;
      const auto* theirs = attribute_of(*one.device, name);
      if ((theirs != nullptr && *theirs == *mine) != match) return false;
    }
  }
  return true;
}

resource::AllocationResult make_result(const resource::ResourceClaim& claim, const std::vector<Chosen>& chosen,
                                       const core::Node& node) {
  resource::AllocationResult out;
  for (const auto& one : chosen) {
    auto& result = out.devices.results.emplace_back();
    const auto& device = *one.device->device;
    result.request = one.wish->name;
    result.driver = one.device->slice->spec.driver;
    result.pool = one.device->slice->spec.pool.name;
    result.device = device.name;
    if (one.wish->admin_access) result.admin_access = true;
    result.tolerations = *one.wish->tolerations;
    result.binding_conditions = device.binding_conditions;
    result.binding_failure_conditions = device.binding_failure_conditions;
    if (device.allow_multiple_allocations.value_or(false) && !one.wish->admin_access) {
      result.share_id = "";
      result.consumed_capacity = one.consumed;
    }
  }
  add_configuration(out.devices, claim, chosen);
  out.node_selector = node_selector(chosen, node);
  return out;
}

int64_t preference_of(const Wanted& wanted, const std::vector<Chosen>& chosen) {
  int64_t sum = 0;
  for (const auto& wishes : wanted.requests) {
    if (wishes.size() == 1 && wishes.front().name.find('/') == std::string::npos) continue;
    for (size_t i = 0; i < wishes.size(); ++i)
      if (std::ranges::any_of(chosen, [&](auto& one) { return one.wish == &wishes[i]; }))
        sum += static_cast<int64_t>(kAlternativesMax - i);
  }
  return sum;
}

}  // namespace scheduler::dynamic_resources
