// The drivers of devices that are registered on this node, and their calls. A driver that has been gone for half a
// minute, or does not listen any more, loses its ResourceSlices of this node: nobody is to count on devices that nobody
// can prepare. One loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/dra_v1.h"
#include "client/client.h"
#include "io/grpc_client.h"
#include "kubelet/plugins/plugin_watcher.h"

namespace kubelet {

class DraDrivers {
 public:
  DraDrivers(client::Client client, std::string node_name);
  DraDrivers(const DraDrivers&) = delete;

  // For the plugin watcher: type "DRAPlugin".
  PluginHandler handler();
  // Called when a driver has come: what failed without it may do now.
  void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }
  // Slices of drivers that were here before and have not come back are wiped too. Until cancelled.
  io::Task<void> run();

  // NotFound when no such driver is registered. Timeout after 45 seconds: it may have done it all the same.
  io::Task<base::Result<api::dra_v1::NodePrepareResourcesResponse>> prepare(std::string driver,
                                                                            std::vector<api::dra_v1::Claim> claims);
  io::Task<base::Result<api::dra_v1::NodeUnprepareResourcesResponse>> unprepare(std::string driver,
                                                                                std::vector<api::dra_v1::Claim> claims);

 private:
  // One socket of a driver: while it is replaced it has two, and the newest is called.
  struct Instance {
    std::string endpoint;
    std::string service;  // "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/"
    std::shared_ptr<io::GrpcClient> client;
    std::shared_ptr<io::Scope> watch;  // of whether it listens
    bool away = false;
  };
  io::Task<base::Result<void>> registered(std::string name, std::string endpoint, std::vector<std::string> versions);
  void gone(const std::string& name, const std::string& endpoint);
  io::Task<void> watch(std::string name, std::string endpoint);
  void set_away(const std::string& name, const std::string& endpoint, bool away);
  void begin_wiping(const std::string& name);
  io::Task<void> wipe_later(std::string driver);
  io::Task<void> wipe(std::string driver);
  template <class Response, class Request>
  io::Task<base::Result<Response>> call(std::string driver, std::string_view method, Request request);

  client::Client client_;
  const std::string node_name_;
  std::map<std::string, std::vector<Instance>> drivers_;  // the newest last
  std::map<std::string, std::unique_ptr<io::Scope>> wiping_;
  std::function<void()> ready_ = [] {};
};

}  // namespace kubelet
