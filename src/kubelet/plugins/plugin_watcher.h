// Finds node plugins by their sockets in one folder (plugins_registry), asks each what it is, and hands it to whoever
// cares for its type. Kubernetes documentation, "Device Plugins", "CSI"; protocol pluginregistration/v1. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/pluginregistration_v1.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/task.h"

namespace kubelet {

struct PluginHandler {
  // An Error is told to the plugin, and the plugin asked again later. `endpoint` is a path.
  std::function<io::Task<base::Result<void>>(std::string name, std::string endpoint, std::vector<std::string> versions)>
      registered;
  std::function<void(const std::string& name, const std::string& endpoint)> gone;
};

class PluginWatcher {
 public:
  PluginWatcher(std::string directory, io::Pool& pool);  // made if it is not there
  PluginWatcher(const PluginWatcher&) = delete;

  // Of that type ("CSIPlugin"). Before run().
  void handle(std::string type, PluginHandler handler) { handlers_[std::move(type)] = std::move(handler); }
  // Until cancelled; an Error when the folder cannot be watched.
  io::Task<base::Result<void>> run();

 private:
  struct Plugin {
    std::string identity;  // of the socket: a new one of the same name is another plugin
    std::string type;      // once registered
    std::string name;
    std::string endpoint;
    io::Scope scope;
  };
  io::Task<void> look();
  io::Task<void> attend(std::string path);
  io::Task<base::Result<void>> register_once(std::string path);
  void forget(const std::string& path);

  const std::string directory_;
  io::Pool& pool_;
  std::map<std::string, PluginHandler> handlers_;
  std::map<std::string, std::unique_ptr<Plugin>> plugins_;  // by path
};

}  // namespace kubelet
