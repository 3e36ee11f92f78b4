#include "kubelet/plugins/plugin_watcher.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "rpc/rpc.h"

namespace kubelet {
namespace {

namespace registration = ::api::pluginregistration_v1;

constexpr auto kCallTimeout = std::chrono::seconds(10);
constexpr auto kRetryFirst = std::chrono::milliseconds(500);
constexpr auto kRetryMax = std::chrono::minutes(2);

// The sockets of a folder, and what tells one from a later one of the same name.
std::map<std::string, std::string> sockets_in(const std::string& directory) {
  std::map<std::string, std::string> out;
  auto names = base::list_directory(directory);
  if (!names) return out;
  for (auto& name : *names) {
    std::string path = directory + "/" + name;
    struct stat info{};
    if (name.starts_with('.') || stat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) continue;
    out[path] = base::cat({std::to_string(info.st_ino), "/", std::to_string(info.st_ctim.tv_sec), ".",
                           std::to_string(info.st_ctim.tv_nsec)});
  }
  return out;
}

}  // namespace

PluginWatcher::PluginWatcher(std::string directory, io::Pool& pool) : directory_(std::move(directory)), pool_(pool) {}

io::Task<base::Result<void>> PluginWatcher::run() {
  CO_TRY(base::make_directories(directory_, 0750));
  base::Descriptor events(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!events || inotify_add_watch(events.get(), directory_.c_str(),
                                   IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB) < 0)
    co_return base::fail(base::system_error("watch " + directory_, errno));
  io::Event changed;
  io::Watch watch(events.get(), io::Ready::Read, [&](io::Ready) {
    char buffer[4096];
    while (read(events.get(), buffer, sizeof buffer) > 0) {
    }
    changed.set();
  });
  for (;;) {
    changed.reset();
    co_await look();
    co_await changed.wait();
  }
}

io::Task<void> PluginWatcher::look() {
  auto there = co_await pool_.run([directory = directory_] { return sockets_in(directory); });
  std::vector<std::string> gone;
  for (auto& [path, plugin] : plugins_)
    if (auto found = there.find(path); found == there.end() || found->second != plugin->identity) gone.push_back(path);
  for (auto& path : gone) forget(path);
  for (auto& [path, identity] : there) {
    if (plugins_.contains(path)) continue;
    auto& plugin = plugins_[path] = std::make_unique<Plugin>();
    plugin->identity = identity;
    plugin->scope.spawn(attend(path));
  }
}

void PluginWatcher::forget(const std::string& path) {
  auto found = plugins_.find(path);
  auto plugin = std::move(found->second);
  plugins_.erase(found);
  plugin->scope.cancel();
  if (auto handler = handlers_.find(plugin->type); handler != handlers_.end()) {
    LOG_INFO("A plugin has gone", {"type", plugin->type}, {"name", plugin->name});
    handler->second.gone(plugin->name, plugin->endpoint);
  }
}

io::Task<void> PluginWatcher::attend(std::string path) {
  io::Duration pause = kRetryFirst;
  for (;;) {
    auto done = co_await register_once(path);
    if (done) co_return;
    LOG_WARNING("A plugin cannot be registered", {"socket", path}, {"error", done.error().message()});
    co_await io::sleep(pause);
    pause = std::min<io::Duration>(pause * 2, kRetryMax);
  }
}

io::Task<base::Result<void>> PluginWatcher::register_once(std::string path) {
  io::GrpcClient client({.address = io::Address::unix_socket(path)});
  CO_TRY(auto info, (co_await rpc::call<registration::PluginInfo>(client, registration::registration::kGetInfo,
                                                                  registration::InfoRequest{}, kCallTimeout)));
  auto handler = handlers_.find(info.type);
  std::string endpoint = info.endpoint.empty() ? path : info.endpoint;
  base::Result<void> outcome;
  if (handler == handlers_.end()) {
    outcome = base::fail(base::Code::Invalid, "no handler registered for plugin type: " + info.type);
  } else {
    outcome = co_await handler->second.registered(info.name, endpoint, info.supported_versions);
  }
  registration::RegistrationStatus status;
  status.plugin_registered = outcome.has_value();
  if (!outcome) status.error = outcome.error().message();
  auto told = co_await rpc::call<registration::RegistrationStatusResponse>(
      client, registration::registration::kNotifyRegistrationStatus, std::move(status), kCallTimeout);
  if (!outcome) co_return outcome;
  auto& plugin = *plugins_.at(path);
  plugin.type = info.type;
  plugin.name = info.name;
  plugin.endpoint = endpoint;
  LOG_INFO("A plugin is registered", {"type", info.type}, {"name", info.name});
  if (!told) co_return base::fail(told.error());
  co_return {};
}

}  // namespace kubelet
