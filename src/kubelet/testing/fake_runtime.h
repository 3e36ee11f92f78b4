// A runtime in memory, for tests: containers run until told to end, images are there or can be pulled or not.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/loop.h"
#include "kubelet/runtime/records.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class FakeRuntime final : public Runtime {
 public:
  struct FakeContainer {
    cri::ContainerStatus status;
    cri::ContainerConfig config;
    std::string sandbox_id;
  };
  struct FakeSandbox {
    cri::PodSandboxStatus status;
    cri::PodSandboxConfig config;
  };
  std::map<std::string, FakeSandbox> sandboxes;
  std::map<std::string, FakeContainer> containers;
  std::map<std::string, std::string> passwords;  // of images that need one
  std::string pull_error = "no such image";
  std::set<std::string> images = {"app:v1", "init:v1", "side:v1"};
  std::set<std::string> pullable;
  std::vector<std::string> calls;     // "run web", "start main 0", "stop main 30", ...
  std::set<std::string> ignore_stop;  // names of containers that end only when killed
  io::Duration stop_takes{0};         // before a container hears of it
  std::function<cri::ExecSyncResponse(std::vector<std::string>)> on_exec;
  std::string update_error;             // why update_container_resources fails
  std::string sandbox_error;            // why run_sandbox fails
  std::string remove_error;             // why remove_container fails
  std::vector<std::string> handlers;    // of the sandboxes that were asked for
  std::optional<HostMount> host_mount;  // of images, when containers cannot be given such
  std::function<void()> after_status;   // once, while the answer with a container's status is on its way
  int created = 0;
  int looks = 0;

  static int64_t now() { return io::Loop::current().clock().wall_ns(); }

  // The newest container of that name ends.
  void exit(const std::string& name, int32_t code, std::string reason = "") {
    auto* container = newest(name);
    if (container == nullptr || container->status.state != cri::ContainerState::ContainerRunning) return;
    container->status.state = cri::ContainerState::ContainerExited;
    container->status.finished_at = now();
    container->status.exit_code = code;
    container->status.reason = reason.empty() ? (code == 0 ? "Completed" : "Error") : reason;
    tell(container->status.id);
  }
  FakeContainer* newest(const std::string& name) {
    FakeContainer* out = nullptr;
    for (auto& [id, one] : containers)
      if (one.status.metadata->name == name && (out == nullptr || one.status.created_at >= out->status.created_at))
        out = &one;
    return out;
  }
  std::vector<std::string> running() const {
    std::vector<std::string> out;
    for (auto& [id, one] : containers)
      if (one.status.state == cri::ContainerState::ContainerRunning) out.push_back(one.status.metadata->name);
    std::ranges::sort(out);
    return out;
  }
  void tell(const std::string& id) {
    if (changed_) changed_(id);
  }

  io::Task<base::Result<RuntimeInfo>> info() override {
    co_return RuntimeInfo{.name = "containerd",
                          .version = "1.6.20",
                          .runtime_ready = true,
                          .network_ready = true,
                          .runtime_message = {},
                          .network_message = {}};
  }
  io::Task<base::Result<std::string>> run_sandbox(cri::PodSandboxConfig config, std::string handler) override {
    calls.push_back("run " + config.metadata->name);
    handlers.push_back(std::move(handler));
    if (!sandbox_error.empty()) co_return base::fail(base::Code::Internal, sandbox_error);
    std::string id = "sandbox-" + std::to_string(++created);
    auto& sandbox = sandboxes[id];
    sandbox.status.id = id;
    sandbox.status.metadata = config.metadata;
    sandbox.status.labels = config.labels;
    sandbox.status.annotations = config.annotations;
    sandbox.status.created_at = now() + created;
    sandbox.status.network.emplace().ip = "10.244.0." + std::to_string(sandboxes.size() + 1);
    sandbox.config = std::move(config);
    co_return id;
  }
  io::Task<base::Result<void>> stop_sandbox(std::string id) override {
    if (auto found = sandboxes.find(id); found != sandboxes.end()) {
      found->second.status.state = cri::PodSandboxState::SandboxNotready;
      calls.push_back("stop-sandbox " + found->second.status.metadata->name);
      for (auto& [name, container] : containers)
        if (container.sandbox_id == id) exit(container.status.metadata->name, 137);
    }
    co_return {};
  }
  io::Task<base::Result<void>> remove_sandbox(std::string id) override {
    sandboxes.erase(id);
    std::erase_if(containers, [&](auto& one) { return one.second.sandbox_id == id; });
    co_return {};
  }
  io::Task<base::Result<cri::PodSandboxStatus>> sandbox_status(std::string id) override {
    auto found = sandboxes.find(id);
    if (found == sandboxes.end()) co_return base::fail(base::Code::NotFound, "no sandbox " + id);
    co_return found->second.status;
  }
  io::Task<base::Result<std::vector<cri::PodSandbox>>> list_sandboxes(RuntimeFilter filter) override {
    ++looks;
    std::vector<cri::PodSandbox> out;
    for (auto& [id, one] : sandboxes) {
      if (!filter.pod_uid.empty() && one.status.metadata->uid != filter.pod_uid) continue;
      cri::PodSandbox item;
      item.id = id;
      item.metadata = one.status.metadata;
      item.state = one.status.state;
      item.created_at = one.status.created_at;
      item.labels = one.status.labels;
      out.push_back(std::move(item));
    }
    co_return out;
  }
  io::Task<base::Result<std::string>> create_container(std::string sandbox_id, cri::ContainerConfig config,
                                                       cri::PodSandboxConfig) override {
    std::string id = "container-" + std::to_string(++created);
    auto& container = containers[id];
    container.status.id = id;
    container.status.metadata = config.metadata;
    container.status.state = cri::ContainerState::ContainerCreated;
    container.status.created_at = now() + created;
    container.status.image = config.image;
    container.status.image_ref = "sha256:abc";
    container.status.labels = config.labels;
    container.status.annotations = config.annotations;
    container.status.mounts = config.mounts;
    container.sandbox_id = std::move(sandbox_id);
    container.config = std::move(config);
    co_return id;
  }
  io::Task<base::Result<void>> start_container(std::string id) override {
    auto& container = containers[id];
    calls.push_back("start " + container.status.metadata->name + " " +
                    std::to_string(container.status.metadata->attempt));
    container.status.state = cri::ContainerState::ContainerRunning;
    container.status.started_at = now();
    co_return {};
  }
  io::Task<base::Result<void>> stop_container(std::string id, int64_t grace) override {
    auto found = containers.find(id);
    if (found == containers.end()) co_return base::fail(base::Code::NotFound, "no container " + id);
    std::string name = found->second.status.metadata->name;
    calls.push_back("stop " + name + " " + std::to_string(grace));
    co_await io::sleep(stop_takes);
    if (ignore_stop.contains(name)) {
      co_await io::sleep(std::chrono::seconds(grace));
      exit(name, 137);
    } else {
      exit(name, 143);
    }
    co_return {};
  }
  io::Task<base::Result<void>> remove_container(std::string id) override {
    if (!remove_error.empty()) co_return base::fail(base::Code::Internal, remove_error);
    containers.erase(id);
    co_return {};
  }
  io::Task<base::Result<std::vector<cri::Container>>> list_containers(RuntimeFilter filter) override {
    std::vector<cri::Container> out;
    for (auto& [id, one] : containers) {
      if (!filter.pod_uid.empty() && one.status.labels.find(kPodUidLabel)->second != filter.pod_uid) continue;
      cri::Container item;
      item.id = id;
      item.pod_sandbox_id = one.sandbox_id;
      item.metadata = one.status.metadata;
      item.state = one.status.state;
      item.created_at = one.status.created_at;
      item.labels = one.status.labels;
      out.push_back(std::move(item));
    }
    co_return out;
  }
  io::Task<base::Result<cri::ContainerStatus>> container_status(std::string id) override {
    auto found = containers.find(id);
    if (found == containers.end()) co_return base::fail(base::Code::NotFound, "no container " + id);
    auto status = found->second.status;
    if (auto then = std::exchange(after_status, nullptr)) then();
    co_return status;
  }
  io::Task<base::Result<void>> update_container_resources(std::string id,
                                                          cri::LinuxContainerResources resources) override {
    if (!update_error.empty()) co_return base::fail(base::Code::Internal, update_error);
    calls.push_back("update " + containers.at(id).status.metadata->name);
    containers.at(id).config.linux->resources = std::move(resources);
    co_return {};
  }
  io::Task<base::Result<void>> reopen_container_log(std::string) override { co_return {}; }
  io::Task<base::Result<cri::ExecSyncResponse>> exec_sync(std::string, std::vector<std::string> command,
                                                          int64_t) override {
    if (on_exec) co_return on_exec(command);
    co_return cri::ExecSyncResponse();
  }
  io::Task<base::Result<std::string>> exec(cri::ExecRequest) override {
    co_return std::string("http://127.0.0.1/exec/x");
  }
  io::Task<base::Result<std::string>> attach(cri::AttachRequest) override { co_return std::string(); }
  io::Task<base::Result<std::string>> port_forward(cri::PortForwardRequest) override { co_return std::string(); }
  io::Task<base::Result<std::optional<cri::Image>>> image_status(std::string image) override {
    if (!images.contains(image)) co_return std::optional<cri::Image>();
    cri::Image out;
    out.id = "sha256:" + image;
    out.size = 1000;
    co_return std::optional(out);
  }
  io::Task<base::Result<std::vector<cri::Image>>> list_images() override {
    std::vector<cri::Image> out;
    for (const auto& image : images) out.emplace_back().id = "sha256:" + image;
    co_return out;
  }
  io::Task<base::Result<std::string>> pull_image(std::string image, std::optional<cri::AuthConfig> auth,
                                                 cri::PodSandboxConfig) override {
    calls.push_back("pull " + image);
    co_await io::sleep(std::chrono::seconds(1));
    auto guarded = passwords.find(image);
    if (guarded != passwords.end() && (!auth || auth->password != guarded->second))
      co_return base::fail(base::Code::Unauthorized, "no basic auth credentials");
    if (!pullable.contains(image)) co_return base::fail(base::Code::NotFound, pull_error);
    images.insert(image);
    co_return "sha256:" + image;
  }
  io::Task<base::Result<void>> remove_image(std::string) override { co_return {}; }
  io::Task<base::Result<std::optional<HostMount>>> host_mount_of(std::string) override { co_return host_mount; }
  io::Task<base::Result<std::vector<cri::ContainerStats>>> list_container_stats() override {
    co_return std::vector<cri::ContainerStats>();
  }
  io::Task<base::Result<void>> watch(std::function<void(const std::string&)> changed) override {
    changed_ = std::move(changed);
    io::Event never;
    co_await never.wait();
    co_return {};
  }

 private:
  std::function<void(const std::string&)> changed_;
};

}  // namespace kubelet
