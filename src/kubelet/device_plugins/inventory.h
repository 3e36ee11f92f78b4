// The devices that plugins offer, and which containers have which. Pure bookkeeping; no plugin is asked here.
// Kubernetes documentation, "Device Plugins".
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "api/deviceplugin_v1beta1.h"
#include "base/result.h"

namespace kubelet {

namespace core = ::api::core_v1;

using DeviceIds = std::set<std::string>;

// What one container has of one resource.
struct DeviceGrant {
  std::string pod_uid;
  std::string container;
  std::string resource;
  DeviceIds devices;
  api::deviceplugin_v1beta1::ContainerAllocateResponse given;  // what the plugin wants done for it
  bool complete = false;                                       // the plugin has answered
};

class DeviceInventory {
 public:
  // ---- what plugins say ----
  // The whole list of a resource's devices, by id.
  void set_devices(const std::string& resource, const std::vector<api::deviceplugin_v1beta1::Device>& devices);
  // Its plugin has gone: the devices are there, and nobody can have them.
  void set_all_unhealthy(const std::string& resource);
  // It was registered, before this kubelet began; its devices are not known yet.
  void expect(const std::string& resource);
  void forget(const std::string& resource);

  bool is_known(const std::string& resource) const { return resources_.contains(resource); }
  std::vector<std::string> resources() const;
  // All devices, and those that are healthy.
  size_t capacity(const std::string& resource) const;
  size_t allocatable(const std::string& resource) const;
  bool is_healthy(const std::string& resource, const std::string& id) const;
  const std::map<std::string, api::deviceplugin_v1beta1::Device>& devices(const std::string& resource) const;

  // ---- what containers have ----
  struct Need {
    std::string resource;
    std::string container;
    size_t count = 0;
    DeviceIds reused;     // given to it: devices of init containers that have ended by then
    DeviceIds available;  // from which the rest are to be chosen
    size_t missing() const { return count - reused.size(); }
  };
  // What the pod's container needs of a resource that plugins offer, and has not. An Error in upstream's words when it
  // cannot be.
  base::Result<std::vector<Need>> needs_of(const core::Pod& pod, const core::Container& container) const;
  void grant(DeviceGrant grant);
  void release(const std::string& pod_uid);

  const std::vector<DeviceGrant>& grants() const { return grants_; }
  const DeviceGrant* find(const std::string& pod_uid, const std::string& container, const std::string& resource) const;

 private:
  struct Resource {
    std::map<std::string, api::deviceplugin_v1beta1::Device> devices;  // by id
    DeviceIds healthy;
  };
  DeviceIds in_use(const std::string& resource) const;
  DeviceIds reusable(const core::Pod& pod, const core::Container& container, const std::string& resource) const;

  std::map<std::string, Resource> resources_;
  std::vector<DeviceGrant> grants_;
};

// The containers of a pod in the order in which devices are given.
std::vector<const core::Container*> containers_in_order(const core::Pod& pod);
// How much of an extended resource a container asks for.
int64_t amount_of(const core::Container& container, const std::string& resource);

}  // namespace kubelet
