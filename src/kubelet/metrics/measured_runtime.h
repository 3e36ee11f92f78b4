// A runtime whose calls are counted and timed: kubelet_runtime_operations_*. Everything else is the one behind it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kubelet/metrics/kubelet_metrics.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class MeasuredRuntime final : public Runtime {
 public:
  // Both borrowed.
  MeasuredRuntime(Runtime& runtime, KubeletMetrics& metrics) : runtime_(runtime), metrics_(metrics) {}

  io::Task<base::Result<RuntimeInfo>> info() override;
  io::Task<base::Result<std::optional<CgroupDriver>>> cgroup_driver() override;
  io::Task<base::Result<std::string>> run_sandbox(cri::PodSandboxConfig config, std::string handler) override;
  io::Task<base::Result<void>> stop_sandbox(std::string id) override;
  io::Task<base::Result<void>> remove_sandbox(std::string id) override;
  io::Task<base::Result<cri::PodSandboxStatus>> sandbox_status(std::string id) override;
  io::Task<base::Result<std::vector<cri::PodSandbox>>> list_sandboxes(RuntimeFilter filter) override;
  io::Task<base::Result<std::string>> create_container(std::string sandbox_id, cri::ContainerConfig config,
                                                       cri::PodSandboxConfig sandbox_config) override;
  io::Task<base::Result<void>> start_container(std::string id) override;
  io::Task<base::Result<void>> stop_container(std::string id, int64_t grace_seconds) override;
  io::Task<base::Result<void>> remove_container(std::string id) override;
  io::Task<base::Result<std::vector<cri::Container>>> list_containers(RuntimeFilter filter) override;
  io::Task<base::Result<cri::ContainerStatus>> container_status(std::string id) override;
  io::Task<base::Result<void>> update_container_resources(std::string id,
                                                          cri::LinuxContainerResources resources) override;
  io::Task<base::Result<void>> reopen_container_log(std::string id) override;
  io::Task<base::Result<cri::ExecSyncResponse>> exec_sync(std::string id, std::vector<std::string> command,
                                                          int64_t timeout_seconds) override;
  io::Task<base::Result<std::string>> exec(cri::ExecRequest request) override;
  io::Task<base::Result<std::string>> attach(cri::AttachRequest request) override;
  io::Task<base::Result<std::string>> port_forward(cri::PortForwardRequest request) override;
  io::Task<base::Result<std::optional<cri::Image>>> image_status(std::string image) override;
  io::Task<base::Result<std::vector<cri::Image>>> list_images() override;
  io::Task<base::Result<std::string>> pull_image(std::string image, std::optional<cri::AuthConfig> auth,
                                                 cri::PodSandboxConfig sandbox_config) override;
  io::Task<base::Result<void>> remove_image(std::string image) override;
  io::Task<base::Result<cri::ImageFsInfoResponse>> image_filesystems() override;
  io::Task<base::Result<std::optional<HostMount>>> host_mount_of(std::string image) override;
  io::Task<base::Result<std::vector<cri::ContainerStats>>> list_container_stats() override;
  io::Task<base::Result<void>> checkpoint_container(std::string id, std::string location,
                                                    int64_t timeout_seconds) override;
  io::Task<base::Result<void>> watch(std::function<void(const std::string& id)> changed) override;

 private:
  template <class T>
  io::Task<base::Result<T>> measured(std::string_view operation, io::Task<base::Result<T>> call);

  Runtime& runtime_;
  KubeletMetrics& metrics_;
};

}  // namespace kubelet
