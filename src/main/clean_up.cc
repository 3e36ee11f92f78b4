// What `down` does beyond ending the process.
#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "base/strings.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/process.h"
#include "kubelet/cgroup/cgroups.h"
#include "kubelet/runtime/containerd.h"
#include "kubelet/runtime/cri/cri_runtime.h"
#include "main/cluster.h"
#include "main/node_part.h"
#include "proxy/proxy.h"

namespace navarch {
namespace {

kubelet::ContainerdOptions containerd_places(const ClusterOptions& options) {
  kubelet::ContainerdOptions places;
  places.directory = options.data_directory + "/containerd";
  places.state_directory = options.run_directory + "/containerd";
  places.log_file = options.log_directory + "/navarch/containerd.log";
  return places;
}

io::Task<base::Result<void>> stop_containers(std::unique_ptr<kubelet::Runtime> runtime) {
  CO_TRY(auto containers, co_await runtime->list_containers({}));
  for (const auto& container : containers) CO_TRY(co_await runtime->stop_container(container.id, 2));
  CO_TRY(auto sandboxes, co_await runtime->list_sandboxes({}));
  if (!sandboxes.empty()) printf("Stopping %zu pods.\n", sandboxes.size());
  for (const auto& sandbox : sandboxes) {
    CO_TRY(co_await runtime->stop_sandbox(sandbox.id));
    CO_TRY(co_await runtime->remove_sandbox(sandbox.id));
  }
  co_return {};
}

// Processes whose command line names our containerd's folder: shims that outlived it, and itself.
std::vector<pid_t> processes_of(const std::string& folder) {
  std::vector<pid_t> found;
  auto names = base::list_directory("/proc");
  if (!names) return found;
  for (const auto& name : *names) {
    auto pid = base::parse_int(name);
    if (!pid || *pid == getpid()) continue;
    auto line = base::read_file("/proc/" + name + "/cmdline");
    if (!line || !base::split(*line, '\0')[0].contains("containerd")) continue;
    if (line->find(folder) != std::string::npos) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

// Deepest first. Lazily: what still looks into one keeps its view.
void unmount_below(const std::string& folder) {
  auto table = base::read_file("/proc/self/mountinfo");
  if (!table) return;
  std::vector<std::string> places;
  for (auto line : base::split(*table, '\n')) {
    auto parts = base::split(line, ' ');
    if (parts.size() > 4 && (parts[4] == folder || parts[4].starts_with(folder + "/"))) places.emplace_back(parts[4]);
  }
  std::reverse(places.begin(), places.end());
  for (const auto& place : places) umount2(place.c_str(), MNT_DETACH);
}

// The Engine is the machine's and goes on.
io::Task<void> stop_docker_pods(const ClusterOptions& options) {
  kubelet::DockerOptions docker;
  docker.directory = options.data_directory + "/docker";
  auto endpoint = base::read_file(docker_endpoint_file(docker.directory));
  if (!endpoint) co_return;  // no pod ever ran there
  docker.endpoint = base::trim(*endpoint);
  docker.cni.configuration_directory = options.data_directory + "/cni";
  io::Pool pool(2);
  auto runtime = kubelet::make_docker_runtime(std::move(docker), pool);
  auto stopped = runtime ? co_await stop_containers(std::move(*runtime)) : base::fail(runtime.error());
  if (!stopped) printf("Some pods could not be stopped in order: %s\n", stopped.error().message().c_str());
}

io::Task<base::Result<void>> stop_what_runs(const ClusterOptions& options) {
  kubelet::Containerd containerd(containerd_places(options));
  if (base::exists(containerd.socket())) {
    // Only one that answers can be asked; one that is dead is started so that it can take its containers down in order.
    auto running = co_await containerd.start();
    if (running) {
      CO_TRY(auto runtime, kubelet::make_cri_runtime(containerd.endpoint()));
      auto stopped = co_await stop_containers(std::move(runtime));
      if (!stopped) printf("Some pods could not be stopped in order: %s\n", stopped.error().message().c_str());
      co_await containerd.stop();
    }
  }
  co_await stop_docker_pods(options);
  for (pid_t pid : processes_of(options.run_directory + "/containerd")) kill(pid, SIGKILL);
  auto rules = co_await proxy::Proxy::clean_up();
  if (!rules) printf("Service rules could not be removed: %s\n", rules.error().message().c_str());
  io::CommandOptions bridge;
  bridge.argv = {"ip", "link", "delete", "cni0"};
  auto removed = co_await io::run_command(std::move(bridge));  // absent is fine
  static_cast<void>(removed);
  co_return {};
}

}  // namespace

base::Result<void> clean_up(const ClusterOptions& options, bool purge) {
  TRY(auto loop, io::Loop::create());
  TRY(loop->run_task(stop_what_runs(options)));
  for (const auto& folder : {options.run_directory, options.data_directory}) unmount_below(folder);
  for (auto driver : {kubelet::CgroupDriver::Cgroupfs, kubelet::CgroupDriver::Systemd}) {
    auto groups = kubelet::Cgroups::detect(driver);
    if (!groups) break;
    auto top = options.cgroup_root + "/kubepods";
    for (int tries = 0; tries < 20 && !groups->remove(top); ++tries) usleep(100'000);
    if (!options.cgroup_root.empty()) (void)groups->remove(options.cgroup_root);
  }
  if (!purge) return {};
  TRY(base::remove_tree(options.run_directory));
  TRY(base::remove_tree(options.data_directory));
  for (const char* below : {"/pods", "/containers", "/navarch"}) TRY(base::remove_tree(options.log_directory + below));
  return {};
}

}  // namespace navarch
