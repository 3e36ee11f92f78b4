#include "kubelet/device_plugins/inventory.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {
namespace {

namespace plugin = ::api::deviceplugin_v1beta1;

constexpr std::string_view kHealthy = "Healthy";

bool runs_to_its_end(const core::Pod& pod, const std::string& container) {
  return std::ranges::any_of(pod.spec.init_containers,
                             [&](auto& one) { return one.name == container && one.restart_policy != "Always"; });
}

}  // namespace

std::vector<const core::Container*> containers_in_order(const core::Pod& pod) {
  std::vector<const core::Container*> out;
  for (const auto& one : pod.spec.init_containers) out.push_back(&one);
  for (const auto& one : pod.spec.containers) out.push_back(&one);
  return out;
}

int64_t amount_of(const core::Container& container, const std::string& resource) {
  auto found = container.resources.limits.find(resource);
  return found == container.resources.limits.end() ? 0 : found->second.value();
}

void DeviceInventory::set_devices(const std::string& resource, const std::vector<plugin::Device>& devices) {
  auto& now = resources_[resource];
  now = {};
  for (const auto& device : devices) {
    now.devices[device.id] = device;
    if (device.health == kHealthy) now.healthy.insert(device.id);
  }
}

void DeviceInventory::set_all_unhealthy(const std::string& resource) {
  auto found = resources_.find(resource);
  if (found != resources_.end()) found->second.healthy.clear();
}

bool DeviceInventory::is_healthy(const std::string& resource, const std::string& id) const {
  auto found = resources_.find(resource);
  return found != resources_.end() && found->second.healthy.contains(id);
}

void DeviceInventory::expect(const std::string& resource) {
  resources_.try_emplace(resource);
}

void DeviceInventory::forget(const std::string& resource) {
  resources_.erase(resource);
}

std::vector<std::string> DeviceInventory::resources() const {
  std::vector<std::string> out;
  for (const auto& [name, one] : resources_) out.push_back(name);
  return out;
}

size_t DeviceInventory::capacity(const std::string& resource) const {
  auto found = resources_.find(resource);
  return found == resources_.end() ? 0 : found->second.devices.size();
}

size_t DeviceInventory::allocatable(const std::string& resource) const {
  auto found = resources_.find(resource);
  return found == resources_.end() ? 0 : found->second.healthy.size();
}

const std::map<std::string, plugin::Device>& DeviceInventory::devices(const std::string& resource) const {
  static const std::map<std::string, plugin::Device> kNone;
  auto found = resources_.find(resource);
  return found == resources_.end() ? kNone : found->second.devices;
}

DeviceIds DeviceInventory::in_use(const std::string& resource) const {
  DeviceIds out;
  for (const auto& grant : grants_)
    if (grant.resource == resource) out.insert(grant.devices.begin(), grant.devices.end());
  return out;
}

// What init containers before it had, and no container that runs on has.
DeviceIds DeviceInventory::reusable(const core::Pod& pod, const core::Container& container,
                                    const std::string& resource) const {
  DeviceIds out;
  for (const auto& grant : grants_)
    if (grant.pod_uid == pod.metadata.uid && grant.resource == resource && runs_to_its_end(pod, grant.container))
      out.insert(grant.devices.begin(), grant.devices.end());
  for (const auto& grant : grants_)
    if (grant.pod_uid == pod.metadata.uid && grant.resource == resource && !runs_to_its_end(pod, grant.container))
      for (const auto& id : grant.devices) out.erase(id);
  return out;
}

base::Result<std::vector<DeviceInventory::Need>> DeviceInventory::needs_of(const core::Pod& pod,
                                                                           const core::Container& container) const {
  std::vector<Need> out;
  for (const auto& [name, quantity] : container.resources.limits) {
    auto found = resources_.find(name);
    if (found == resources_.end() || quantity.is_zero()) continue;
    Need need{.resource = name, .container = container.name, .count = static_cast<size_t>(quantity.value())};
    if (const auto* has = find(pod.metadata.uid, container.name, name)) {
      if (has->complete && has->devices.size() == need.count) continue;
    }
    for (const auto& id : reusable(pod, container, name))
      if (need.reused.size() < need.count) need.reused.insert(id);
    if (need.missing() > 0) {
      if (found->second.healthy.empty())
        return base::fail(base::Code::Unavailable,
                          base::cat({"no healthy devices present; cannot allocate unhealthy devices ", name}));
      auto used = in_use(name);
      // What it was given before the plugin had answered is its own.
      if (const auto* has = find(pod.metadata.uid, container.name, name))
        for (const auto& id : has->devices) used.erase(id);
      for (const auto& id : found->second.healthy)
        if (!used.contains(id)) need.available.insert(id);
      if (need.available.size() < need.missing())
        return base::fail(base::Code::Unavailable, base::cat({"requested number of devices unavailable for ", name,
                                                              ". Requested: ", std::to_string(need.missing()),
                                                              ", Available: ", std::to_string(need.available.size())}));
    }
    out.push_back(std::move(need));
  }
  return out;
}

void DeviceInventory::grant(DeviceGrant grant) {
  for (auto& one : grants_)
    if (one.pod_uid == grant.pod_uid && one.container == grant.container && one.resource == grant.resource) {
      one = std::move(grant);
      return;
    }
  grants_.push_back(std::move(grant));
}

void DeviceInventory::release(const std::string& pod_uid) {
  std::erase_if(grants_, [&](auto& one) { return one.pod_uid == pod_uid; });
}

const DeviceGrant* DeviceInventory::find(const std::string& pod_uid, const std::string& container,
                                         const std::string& resource) const {
  for (const auto& one : grants_)
    if (one.pod_uid == pod_uid && one.container == container && one.resource == resource) return &one;
  return nullptr;
}

}  // namespace kubelet
