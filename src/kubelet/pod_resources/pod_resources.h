// Tells monitoring agents on this node which devices containers have: the service v1.PodResourcesLister at
// pod-resources/kubelet.sock. Kubernetes documentation, "Device Plugins", "Monitoring device plugin resources". One
// loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "api/podresources_v1.h"
#include "base/result.h"
#include "io/grpc_server.h"
#include "kubelet/alignment/alignment.h"
#include "kubelet/device_plugins/inventory.h"
#include "kubelet/dra/claims.h"

namespace kubelet {

class PodResources {
 public:
  using Pods = std::function<std::vector<const core::Pod*>()>;  // that are active; good until something is awaited

  // All borrowed.
  PodResources(std::string root_directory, Pods pods, const DeviceInventory& devices, const DraClaims& claims);
  PodResources(const PodResources&) = delete;

  // From now on also what containers have of processors and memory. Borrowed.
  void show(const Alignment& alignment) { alignment_ = &alignment; }
  base::Result<void> start();

 private:
  api::podresources_v1::PodResources describe(const core::Pod& pod) const;
  io::Task<base::Result<api::podresources_v1::ListPodResourcesResponse>> list() const;
  io::Task<base::Result<api::podresources_v1::GetPodResourcesResponse>> get(
      api::podresources_v1::GetPodResourcesRequest request) const;
  io::Task<base::Result<api::podresources_v1::AllocatableResourcesResponse>> allocatable() const;

  const std::string folder_;
  const Pods pods_;
  const DeviceInventory& devices_;
  const DraClaims& claims_;
  const Alignment* alignment_ = nullptr;
  io::GrpcServices services_;
  std::unique_ptr<io::HttpServer> server_;
};

}  // namespace kubelet
