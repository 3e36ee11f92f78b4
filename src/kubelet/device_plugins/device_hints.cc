#include "kubelet/device_plugins/device_hints.h"

#include <algorithm>

namespace kubelet {
namespace {

namespace plugin = ::api::deviceplugin_v1beta1;

void count(const plugin::Device& device, std::map<int, int64_t>& by_node) {
  if (!device.topology) return;
  for (const auto& node : device.topology->nodes)
    if (node.id >= 0 && node.id < 64) ++by_node[static_cast<int>(node.id)];
}

}  // namespace

Hints device_hints(const DeviceInventory& inventory, const core::Pod& pod, const core::Container& container) {
  Hints out;
  auto needs = inventory.needs_of(pod, container);
  for (const auto& [resource, amount] : container.resources.limits) {
    if (!inventory.is_known(resource) || amount.is_zero()) continue;
    if (!needs) {
      out[resource] = std::vector<Hint>();
      continue;
    }
    std::map<int, int64_t> total, available;
    for (const auto& [id, device] : inventory.devices(resource)) count(device, total);
    auto need = std::ranges::find(*needs, resource, &DeviceInventory::Need::resource);
    // It has them already, or they are near to nothing.
    if (total.empty() || need == needs->end()) {
      out[resource] = std::nullopt;
      continue;
    }
    for (const auto& id : need->available) count(inventory.devices(resource).at(id), available);
    for (const auto& id : need->reused)
      if (auto found = inventory.devices(resource).find(id); found != inventory.devices(resource).end())
        count(found->second, available);
    out[resource] = hints_for(static_cast<int64_t>(need->count), available, total);
  }
  return out;
}

}  // namespace kubelet
