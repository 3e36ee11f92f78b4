// The storage drivers registered on this node, and what the API says of them: keeps the node's CSINode and its
// annotation csi.volume.kubernetes.io/nodeid. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/storage_k8s_io_v1.h"
#include "client/cache.h"
#include "client/client.h"
#include "kubelet/csi/driver.h"
#include "kubelet/plugins/plugin_watcher.h"

namespace kubelet {

class CsiDrivers {
 public:
  CsiDrivers(client::Client client, std::string node_name);
  CsiDrivers(const CsiDrivers&) = delete;

  // For the plugin watcher.
  PluginHandler handler();
  // Called when a driver has come.
  void on_ready(std::function<void(const std::string& name)> ready) { ready_ = std::move(ready); }
  // Makes the node's CSINode if there is none, once its Node is there.
  io::Task<base::Result<void>> ensure_node();

  // Asks a driver how many volumes this node can have, and tells the CSINode.
  io::Task<void> count_anew(std::string name);

  // Null if it is not registered.
  std::shared_ptr<CsiDriver> find(const std::string& name) const;
  // What its CSIDriver object says; null if there is none.
  io::Task<base::Result<std::shared_ptr<const api::storage_k8s_io_v1::CSIDriver>>> object(std::string name);

 private:
  using Drivers = std::vector<api::storage_k8s_io_v1::CSINodeDriver>;
  io::Task<base::Result<void>> registered(std::string name, std::string endpoint, std::vector<std::string> versions);
  io::Task<void> forget(std::string name);
  // As often as its CSIDriver object says (nodeAllocatableUpdatePeriodSeconds).
  void follow_count(const std::string& name);
  io::Task<void> count_every(std::string name, int64_t seconds);
  io::Task<base::Result<void>> change_node(std::function<void(Drivers& drivers)> change);
  io::Task<base::Result<void>> write_node_id(std::shared_ptr<CsiDriver> driver);

  client::Client client_;
  const std::string node_name_;
  std::map<std::string, std::shared_ptr<CsiDriver>> drivers_;
  client::Cache<api::storage_k8s_io_v1::CSIDriver> objects_;  // followed once there is a driver
  bool following_ = false;
  struct Count {
    int64_t every_seconds = 0;  // 0: never
    std::unique_ptr<io::Scope> scope;
  };
  std::map<std::string, Count> counts_;  // by driver
  std::function<void(const std::string&)> ready_ = [](const std::string&) {};
  io::Scope scope_;
};

}  // namespace kubelet
