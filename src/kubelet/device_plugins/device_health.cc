#include "kubelet/device_plugins/device_health.h"

namespace kubelet {
namespace {

core::ResourceStatus health_of(const DeviceGrant& grant, const DeviceInventory& inventory) {
  core::ResourceStatus out;
  out.name = grant.resource;
  static const std::map<std::string, api::deviceplugin_v1beta1::Device> kNone;
  const auto& known = inventory.is_known(grant.resource) ? inventory.devices(grant.resource) : kNone;
  for (const auto& id : grant.devices) {
    auto& one = out.resources.emplace_back();
    one.resource_id = id;
    auto device = known.find(id);
    // Of a device whose plugin has gone nobody can tell.
    if (inventory.is_healthy(grant.resource, id)) {
      one.health = "Healthy";
    } else {
      one.health = device != known.end() && device->second.health != "Healthy" ? "Unhealthy" : "Unknown";
    }
  }
  return out;
}

}  // namespace

void show_device_health(core::PodStatus& status, const std::string& pod_uid, const DeviceInventory& inventory) {
  for (auto* list : {&status.init_container_statuses, &status.container_statuses})
    for (auto& container : *list) {
      container.allocated_resources_status.clear();
      for (const auto& grant : inventory.grants())
        if (grant.pod_uid == pod_uid && grant.container == container.name && !grant.devices.empty())
          container.allocated_resources_status.push_back(health_of(grant, inventory));
    }
}

}  // namespace kubelet
