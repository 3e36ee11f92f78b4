#include "kubelet/device_plugins/device_health.h"

#include <gtest/gtest.h>

namespace kubelet {
namespace {

api::deviceplugin_v1beta1::Device device(std::string id, std::string health) {
  api::deviceplugin_v1beta1::Device out;
  out.id = std::move(id);
  out.health = std::move(health);
  return out;
}

// "a=Healthy b=Unknown": of the first container's first resource.
std::string shown(const DeviceInventory& inventory) {
  core::PodStatus status;
  status.container_statuses.emplace_back().name = "main";
  status.container_statuses.emplace_back().name = "other";
  show_device_health(status, "u", inventory);
  EXPECT_TRUE(status.container_statuses[1].allocated_resources_status.empty());
  std::string out;
  for (const auto& resource : status.container_statuses[0].allocated_resources_status) {
    EXPECT_EQ(resource.name, "example.com/dongle");
    for (const auto& one : resource.resources) out += one.resource_id + "=" + one.health + " ";
  }
  return out;
}

TEST(DeviceHealth, IsShownOfWhatAContainerHas) {
  DeviceInventory inventory;
  inventory.set_devices("example.com/dongle", {device("a", "Healthy"), device("b", "Healthy"), device("c", "Healthy")});
  EXPECT_EQ(shown(inventory), "");
  DeviceGrant grant;
  grant.pod_uid = "u";
  grant.container = "main";
  grant.resource = "example.com/dongle";
  grant.devices = {"a", "b"};
  inventory.grant(grant);
  EXPECT_EQ(shown(inventory), "a=Healthy b=Healthy ");
  inventory.set_devices("example.com/dongle", {device("a", "Unhealthy"), device("c", "Healthy")});
  EXPECT_EQ(shown(inventory), "a=Unhealthy b=Unknown ");
  inventory.set_devices("example.com/dongle", {device("a", "Healthy"), device("b", "Healthy")});
  inventory.set_all_unhealthy("example.com/dongle");
  EXPECT_EQ(shown(inventory), "a=Unknown b=Unknown ");
  inventory.forget("example.com/dongle");
  EXPECT_EQ(shown(inventory), "a=Unknown b=Unknown ");
}

}  // namespace
}  // namespace kubelet
