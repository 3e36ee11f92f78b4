// Device plugins, v1beta1: they register at device-plugins/kubelet.sock, list their devices for as long as they live,
// and are asked when a container is to have some. Kubernetes documentation, "Device Plugins". One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/cri.h"
#include "api/deviceplugin_v1beta1.h"
#include "base/result.h"
#include "io/grpc_client.h"
#include "io/grpc_server.h"
#include "io/loop.h"
#include "kubelet/device_plugins/inventory.h"

namespace kubelet {

class DevicePlugins {
 public:
  explicit DevicePlugins(std::string root_directory);
  ~DevicePlugins();
  DevicePlugins(const DevicePlugins&) = delete;

  // Called when there are more devices, fewer, or other ones that are healthy.
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
  // Asked from which nodes of memory a container is to have its devices; nothing: from anywhere.
  using NodesOf = std::function<std::optional<uint64_t>(const std::string& pod_uid, const std::string& container)>;
  void ask_nodes(NodesOf ask) { nodes_of_ = std::move(ask); }
  // Reads what containers have, and serves. Plugins of before see that their socket is gone, and register again.
  base::Result<void> start();

  // Whether the pod could have all it asks for at this moment; else why not, in upstream's words.
  base::Result<void> check(const core::Pod& pod) const;
  // Gives the pod's containers their devices, unless they have them.
  io::Task<base::Result<void>> allocate(core::Pod pod);
  // What plugins want done for a container, put into its configuration.
  void apply(const core::Pod& pod, const core::Container& container, api::cri::ContainerConfig& config) const;
  // Tells plugins that asked for it that the container is about to begin.
  io::Task<base::Result<void>> before_start(core::Pod pod, core::Container container);
  // The pod has ended.
  void release(const std::string& pod_uid);
  // Pods that are not here any more have nothing.
  void keep_only(const std::function<bool(const std::string& pod_uid)>& is_here);

  const DeviceInventory& inventory() const { return inventory_; }
  // What a node's status says, by resource; of those that are gone: 0.
  std::map<std::string, int64_t> capacity() const;
  std::map<std::string, int64_t> allocatable() const;

 private:
  struct Plugin {
    std::string endpoint;
    api::deviceplugin_v1beta1::DevicePluginOptions options;
    std::shared_ptr<io::GrpcClient> client;
    io::Scope scope;
  };
  io::Task<base::Result<api::deviceplugin_v1beta1::Empty>> register_plugin(
      api::deviceplugin_v1beta1::RegisterRequest request);
  io::Task<void> follow(std::string resource, std::shared_ptr<io::GrpcClient> client);
  io::Task<base::Result<void>> watch(std::string resource, std::shared_ptr<io::GrpcClient> client);
  io::Task<void> forget_later(std::string resource);
  io::Task<base::Result<void>> allocate_in_turn(core::Pod pod);
  io::Task<base::Result<void>> allocate_one(std::string pod_uid, DeviceInventory::Need need);
  io::Task<DeviceIds> choose(const DeviceInventory::Need& need, std::optional<uint64_t> nodes, const Plugin& from);
  bool is_near(const std::string& resource, const std::string& id, uint64_t nodes) const;
  void save() const;

  const std::string folder_;
  DeviceInventory inventory_;
  std::map<std::string, std::unique_ptr<Plugin>> plugins_;  // by resource
  std::map<std::string, std::unique_ptr<io::Scope>> forgetting_;
  std::set<std::string> gone_;  // resources that the node had
  bool allocating_ = false;     // one pod at a time: a choice counts on what was free when it was made
  io::Event turn_ended_;
  std::function<void()> changed_ = [] {};
  NodesOf nodes_of_ = [](const std::string&, const std::string&) { return std::nullopt; };
  io::GrpcServices services_;
  std::unique_ptr<io::HttpServer> server_;
};

}  // namespace kubelet
