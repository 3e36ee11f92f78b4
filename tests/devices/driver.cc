// device_driver FOLDER KUBELET: a driver gpu.example.com and a plugin for example.com/fpga, as a process, until it is
// ended. FOLDER/calls has a line for each call of the driver; FOLDER/library is mounted into containers that have an
// fpga, at /lib/fpga.
#include <sys/stat.h>

#include <csignal>
#include <cstdio>

#include "io/loop.h"
#include "kubelet/testing/fake_device_plugin.h"
#include "kubelet/testing/fake_dra_driver.h"

namespace {

// Nothing when there is no such file; another value for another file of the same name.
std::string identity(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return "";
  return std::to_string(info.st_ino) + "/" + std::to_string(info.st_ctim.tv_nsec);
}

// The kubelet may not be there yet, or again.
io::Task<void> keep_registered(kubelet::FakeDevicePlugin* plugin, std::string socket) {
  for (std::string before;;) {
    std::string now = identity(socket);
    if (!now.empty() && now != before && plugin->start() && co_await plugin->register_at_kubelet()) before = now;
    co_await io::sleep(std::chrono::milliseconds(200));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s FOLDER KUBELET\n", argv[0]);
    return 2;
  }
  auto loop = io::Loop::create();
  if (!loop) return 1;
  io::Loop::Entered entered(**loop);
  std::string folder = argv[1], kubelet_folder = argv[2];
  kubelet::FakeDraDriver driver("gpu.example.com", folder, kubelet_folder + "/plugins_registry");
  driver.record = folder + "/calls";
  if (auto started = driver.start(); !started) {
    fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  kubelet::FakeDevicePlugin plugin("example.com/fpga", kubelet_folder + "/device-plugins");
  plugin.library = folder + "/library";
  plugin.set("fpga-0", true);
  plugin.set("fpga-1", true);
  io::Scope scope;
  scope.spawn(keep_registered(&plugin, kubelet_folder + "/device-plugins/kubelet.sock"));
  (*loop)->run();
}
