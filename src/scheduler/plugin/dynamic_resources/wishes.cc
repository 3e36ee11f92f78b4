#include "scheduler/plugin/dynamic_resources/wishes.h"

#include <algorithm>

#include "base/strings.h"
#include "device/names.h"
#include "placement/node_selector.h"

namespace scheduler::dynamic_resources {
namespace {

namespace core = api::core_v1;

Refusal refuse(std::string why) {
  return {{std::move(why)}, false};
}
// It waits for its claims to be made, of which nobody need be told.
Refusal wait_for(std::string why) {
  return {{std::move(why)}, false, false};
}

std::string reference(const Devices::Claim& claim) {
  return base::cat({claim.metadata.namespace_, "/", claim.metadata.name});
}

std::optional<Refusal> missing_class(const resource::DeviceRequest& request, const Devices& devices) {
  auto check = [&](const std::string& name, const std::string& device_class) -> std::optional<Refusal> {
    if (devices.device_class(device_class) != nullptr) return {};
    return refuse(base::cat({"request ", name, ": device class ", device_class, " does not exist"}));
  };
  if (request.exactly) return check(request.name, request.exactly->device_class_name);
  for (const auto& one : request.first_available)
    if (auto refusal = check(base::cat({request.name, "/", one.name}), one.device_class_name)) return refusal;
  return {};
}

std::optional<Refusal> refusal_of(const PodInfo& pod, const Devices::Claim& claim, const Devices& devices) {
  if (claim.status.allocation) {
    if (!device::can_be_reserved(claim) && !device::is_reserved_for(claim, pod.uid))
      return refuse("resourceclaim in use");
    return {};
  }
  if (devices.is_promised(claim.metadata.uid))
    return refuse(base::cat({"resource claim ", reference(claim), " is in the process of being allocated"}));
  for (const auto& request : claim.spec.devices.requests)
    if (auto refusal = missing_class(request, devices)) return refusal;
  return {};
}

const resource::AllocatedDeviceStatus* status_of(const Devices::Claim& claim,
                                                 const resource::DeviceRequestAllocationResult& result) {
  for (const auto& one : claim.status.devices)
    if (one.driver == result.driver && one.pool == result.pool && one.device == result.device &&
        one.share_id == result.share_id)
      return &one;
  return nullptr;
}

const api::meta_v1::Condition* holding(const resource::AllocatedDeviceStatus& status, const std::string& type) {
  for (const auto& one : status.conditions)
    if (one.type == type && one.status == "True") return &one;
  return nullptr;
}

bool is_available(const Devices::Claim& claim, const core::Node& node) {
  auto& selector = claim.status.allocation->node_selector;
  return !selector || placement::matches_selector(*selector, node);
}

}  // namespace

std::optional<std::string> binding_failure(const Devices::Claim& claim, base::Time now, io::Duration ready_within) {
  if (!claim.status.allocation) return {};
  for (const auto& result : claim.status.allocation->devices.results) {
    if (result.binding_conditions.empty()) continue;
    if (const auto* status = status_of(claim, result))
      for (const auto& type : result.binding_failure_conditions)
        if (const auto* failed = holding(*status, type))
          return base::cat({"claim ", claim.metadata.name, " binding failed: reason=", failed->reason,
                            ", message=", base::quote(failed->message)});
    auto since = claim.status.allocation->allocation_timestamp;
    if (!is_ready(claim) && !since.is_zero() && since.to_ns() + ready_within.count() < now.to_ns())
      return base::cat({"claim ", claim.metadata.name, " binding timeout"});
  }
  return {};
}

bool is_ready(const Devices::Claim& claim) {
  if (!claim.status.allocation) return false;
  return std::ranges::all_of(claim.status.allocation->devices.results, [&](auto& result) {
    if (result.binding_conditions.empty()) return true;
    const auto* status = status_of(claim, result);
    return status != nullptr && std::ranges::all_of(result.binding_conditions,
                                                    [&](auto& type) { return holding(*status, type) != nullptr; });
  });
}

Wishes wishes_of(const PodInfo& pod, const Devices& devices, base::Time now, io::Duration ready_within) {
  Wishes out;
  for (const auto& one : pod.pod->spec.resource_claims) {
    auto name = device::claim_name(*pod.pod, one);
    if (!name) {
      out.refusal = wait_for(name.error().message());
      return out;
    }
    if (name->name.empty()) continue;
    auto claim = devices.claim(pod.key.namespace_, name->name);
    if (claim == nullptr) {
      out.refusal = wait_for(base::cat({"could not find ResourceClaim \"", pod.key.namespace_, "/", name->name, "\""}));
    } else if (!claim->metadata.deletion_timestamp.is_zero()) {
      out.refusal = wait_for(base::cat({"resourceclaim ", base::quote(name->name), " is being deleted"}));
    } else if (auto own = device::check_made_for(*pod.pod, *claim); name->made_for && !own) {
      out.refusal = wait_for(own.error().message());
    } else {
      out.refusal = refusal_of(pod, *claim, devices);
    }
    if (out.refusal) return out;
    if (binding_failure(*claim, now, ready_within)) out.failed = claim;
    auto& list = claim->status.allocation ? out.allocated : out.waiting;
    if (std::ranges::find(list, claim) == list.end()) list.push_back(std::move(claim));
  }
  out.extended = backed_resources(pod, devices);
  if (!out.extended.empty()) out.stale = devices.extended_claim(pod.uid);
  return out;
}

Choice choose(const PodInfo& pod, const Wishes& wishes, const NodeInfo& node, const Devices& devices,
              const Taken& taken, device::Selectors& selectors) {
  Choice out;
  if (wishes.stale != nullptr) {
    out.refusal = refuse("cannot schedule extended resource claim");
    return out;
  }
  out.unavailable = wishes.failed;
  for (const auto& claim : wishes.allocated)
    if (!is_available(*claim, *node.node)) out.unavailable = claim;
  ClassOf class_of = [&](const std::string& name) { return devices.device_class(name); };
  std::vector<Wanted> wanted;
  for (const auto& claim : wishes.waiting) {
    out.claims.push_back(claim);
    wanted.push_back(wanted_by(*claim, class_of));
  }
  if (auto lacking = missing_on(node, wishes.extended); !lacking.empty()) {
    out.extended = claim_for(*pod.pod, lacking, devices);
    wanted.push_back(wanted_by(out.extended->claim, class_of));
  }
  if (!wanted.empty()) {
    auto pools = pools_for(*node.node, devices.slices_for(node.name),
                           [&](const auto& driver, const auto& pool) { return devices.slices_of_pool(driver, pool); });
    auto found = allocate(wanted, {.node = *node.node, .pools = pools, .taken = taken, .selectors = selectors});
    if (!found) {
      out.refusal = refuse(found.error().message());
    } else if (!*found) {
      out.refusal = refuse("cannot allocate all claims");
    } else {
      out.allocations = std::move(**found);
    }
  }
  if (!out.refusal && out.unavailable != nullptr) out.refusal = refuse("resourceclaim not available on the node");
  return out;
}

Taken taken_now(const Devices& devices) {
  Taken out;
  for (const auto& allocation : devices.allocations()) out.add(*allocation);
  return out;
}

}  // namespace scheduler::dynamic_resources
