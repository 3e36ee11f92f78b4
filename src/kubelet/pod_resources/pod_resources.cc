#include "kubelet/pod_resources/pod_resources.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "rpc/rpc.h"

namespace kubelet {
namespace {

namespace v1 = ::api::podresources_v1;

v1::ContainerDevices describe_device(const std::string& resource, const std::string& id,
                                     const api::deviceplugin_v1beta1::Device* device) {
  v1::ContainerDevices out;
  out.resource_name = resource;
  out.device_ids = {id};
  if (device == nullptr || !device->topology) return out;
  auto& topology = out.topology.emplace();
  for (const auto& node : device->topology->nodes) topology.nodes.emplace_back().id = node.id;
  return out;
}

v1::ContainerMemory describe_memory(const std::string& resource, int64_t bytes, NodeMask nodes) {
  v1::ContainerMemory out;
  out.memory_type = resource;
  out.size = static_cast<uint64_t>(bytes);
  auto& topology = out.topology.emplace();
  for (int node = 0; node < 64; ++node)
    if ((nodes >> node & 1) != 0) topology.nodes.emplace_back().id = node;
  return out;
}

void add_aligned(v1::ContainerResources& out, const Alignment& alignment, const std::string& uid) {
  if (const auto* cpus = alignment.cpus(); cpus != nullptr && cpus->is_exclusive(uid, out.name))
    for (int cpu : cpus->cpus_of(uid, out.name)) out.cpu_ids.push_back(cpu);
  if (const auto* memory = alignment.memory())
    if (const auto* blocks = memory->blocks_of(uid, out.name))
      for (const auto& block : *blocks) out.memory.push_back(describe_memory(block.resource, block.bytes, block.nodes));
}

// A claim's devices stand together.
void add_dynamic(v1::ContainerResources& out, const DraClaims::Given& given) {
  v1::DynamicResource* claim = nullptr;
  for (auto& one : out.dynamic_resources)
    if (one.claim_name == given.claim->name && one.claim_namespace == given.claim->namespace_) claim = &one;
  if (claim == nullptr) {
    claim = &out.dynamic_resources.emplace_back();
    claim->claim_name = given.claim->name;
    claim->claim_namespace = given.claim->namespace_;
  }
  auto& device = claim->claim_resources.emplace_back();
  device.driver_name = given.driver;
  device.pool_name = given.device->pool;
  device.device_name = given.device->device;
  device.share_id = given.device->share_id;
  for (const auto& id : given.device->cdi_ids) device.cdi_devices.emplace_back().name = id;
}

}  // namespace

PodResources::PodResources(std::string root_directory, Pods pods, const DeviceInventory& devices,
                           const DraClaims& claims)
    : folder_(std::move(root_directory) + "/pod-resources"),
      pods_(std::move(pods)),
      devices_(devices),
      claims_(claims) {
  rpc::serve_unary<v1::ListPodResourcesResponse, v1::ListPodResourcesRequest>(
      services_, v1::pod_resources_lister::kList, [this](v1::ListPodResourcesRequest) { return list(); });
  rpc::serve_unary<v1::GetPodResourcesResponse, v1::GetPodResourcesRequest>(
      services_, v1::pod_resources_lister::kGet,
      [this](v1::GetPodResourcesRequest request) { return get(std::move(request)); });
  rpc::serve_unary<v1::AllocatableResourcesResponse, v1::AllocatableResourcesRequest>(
      services_, v1::pod_resources_lister::kGetAllocatableResources,
      [this](v1::AllocatableResourcesRequest) { return allocatable(); });
}

base::Result<void> PodResources::start() {
  TRY(base::make_directories(folder_, 0750));
  std::string socket = folder_ + "/kubelet.sock";
  unlink(socket.c_str());
  TRY(server_, io::serve_grpc(services_, io::Address::unix_socket(socket)));
  return {};
}

v1::PodResources PodResources::describe(const core::Pod& pod) const {
  v1::PodResources out;
  out.name = pod.metadata.name;
  out.namespace_ = pod.metadata.namespace_;
  auto add = [&](const core::Container& container) {
    auto& one = out.containers.emplace_back();
    one.name = container.name;
    for (const auto& grant : devices_.grants()) {
      if (grant.pod_uid != pod.metadata.uid || grant.container != container.name) continue;
      auto& known = devices_.devices(grant.resource);
      for (const auto& id : grant.devices) {
        auto device = known.find(id);
        one.devices.push_back(describe_device(grant.resource, id, device == known.end() ? nullptr : &device->second));
      }
    }
    if (alignment_ != nullptr) add_aligned(one, *alignment_, pod.metadata.uid);
    for (const auto& given : claims_.given_to(pod, container)) add_dynamic(one, given);
  };
  for (const auto& container : pod.spec.init_containers)
    if (container.restart_policy == "Always") add(container);
  for (const auto& container : pod.spec.containers) add(container);
  return out;
}

io::Task<base::Result<v1::ListPodResourcesResponse>> PodResources::list() const {
  v1::ListPodResourcesResponse out;
  for (const auto* pod : pods_()) out.pod_resources.push_back(describe(*pod));
  co_return out;
}

io::Task<base::Result<v1::GetPodResourcesResponse>> PodResources::get(v1::GetPodResourcesRequest request) const {
  for (const auto* pod : pods_()) {
    if (pod->metadata.name != request.pod_name || pod->metadata.namespace_ != request.pod_namespace) continue;
    v1::GetPodResourcesResponse out;
    out.pod_resources = describe(*pod);
    co_return out;
  }
  co_return base::fail(base::Code::NotFound,
                       base::cat({"pod ", request.pod_name, " in namespace ", request.pod_namespace, " not found"}));
}

io::Task<base::Result<v1::AllocatableResourcesResponse>> PodResources::allocatable() const {
  v1::AllocatableResourcesResponse out;
  for (const auto& resource : devices_.resources())
    for (const auto& [id, device] : devices_.devices(resource))
      if (device.health == "Healthy") out.devices.push_back(describe_device(resource, id, &device));
  if (alignment_ == nullptr) co_return out;
  if (const auto* cpus = alignment_->cpus())
    for (int cpu : cpus->assignable()) out.cpu_ids.push_back(cpu);
  if (const auto* memory = alignment_->memory())
    for (const auto& [node, amounts] : memory->allocatable())
      for (const auto& [resource, bytes] : amounts)
        if (bytes > 0) out.memory.push_back(describe_memory(resource, bytes, NodeMask{1} << node));
  co_return out;
}

}  // namespace kubelet
