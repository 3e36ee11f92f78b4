#include "kubelet/metrics/measured_runtime.h"

namespace kubelet {

template <class T>
io::Task<base::Result<T>> MeasuredRuntime::measured(std::string_view operation, io::Task<base::Result<T>> call) {
  int64_t began = io::Loop::current().clock().monotonic_ns();
  metrics_.runtime_operations.with({operation}).add();
  auto answer = co_await std::move(call);
  metrics_.runtime_operations_duration.with({operation})
      .observe(static_cast<double>(io::Loop::current().clock().monotonic_ns() - began) / 1e9);
  if (!answer) metrics_.runtime_operations_errors.with({operation}).add();
  co_return answer;
}

io::Task<base::Result<RuntimeInfo>> MeasuredRuntime::info() {
  return measured("status", runtime_.info());
}
io::Task<base::Result<std::optional<CgroupDriver>>> MeasuredRuntime::cgroup_driver() {
  return measured("runtime_config", runtime_.cgroup_driver());
}
io::Task<base::Result<std::string>> MeasuredRuntime::run_sandbox(cri::PodSandboxConfig config, std::string handler) {
  return measured("run_podsandbox", runtime_.run_sandbox(std::move(config), std::move(handler)));
}
io::Task<base::Result<void>> MeasuredRuntime::stop_sandbox(std::string id) {
  return measured("stop_podsandbox", runtime_.stop_sandbox(std::move(id)));
}
io::Task<base::Result<void>> MeasuredRuntime::remove_sandbox(std::string id) {
  return measured("remove_podsandbox", runtime_.remove_sandbox(std::move(id)));
}
io::Task<base::Result<cri::PodSandboxStatus>> MeasuredRuntime::sandbox_status(std::string id) {
  return measured("podsandbox_status", runtime_.sandbox_status(std::move(id)));
}
io::Task<base::Result<std::vector<cri::PodSandbox>>> MeasuredRuntime::list_sandboxes(RuntimeFilter filter) {
  return measured("list_podsandbox", runtime_.list_sandboxes(std::move(filter)));
}
io::Task<base::Result<std::string>> MeasuredRuntime::create_container(std::string sandbox_id,
                                                                      cri::ContainerConfig config,
                                                                      cri::PodSandboxConfig sandbox_config) {
  return measured("create_container",
                  runtime_.create_container(std::move(sandbox_id), std::move(config), std::move(sandbox_config)));
}
io::Task<base::Result<void>> MeasuredRuntime::start_container(std::string id) {
  return measured("start_container", runtime_.start_container(std::move(id)));
}
io::Task<base::Result<void>> MeasuredRuntime::stop_container(std::string id, int64_t grace_seconds) {
  return measured("stop_container", runtime_.stop_container(std::move(id), grace_seconds));
}
io::Task<base::Result<void>> MeasuredRuntime::remove_container(std::string id) {
  return measured("remove_container", runtime_.remove_container(std::move(id)));
}
io::Task<base::Result<std::vector<cri::Container>>> MeasuredRuntime::list_containers(RuntimeFilter filter) {
  return measured("list_containers", runtime_.list_containers(std::move(filter)));
}
io::Task<base::Result<cri::ContainerStatus>> MeasuredRuntime::container_status(std::string id) {
  return measured("container_status", runtime_.container_status(std::move(id)));
}
io::Task<base::Result<void>> MeasuredRuntime::update_container_resources(std::string id,
                                                                         cri::LinuxContainerResources resources) {
  return measured("update_container", runtime_.update_container_resources(std::move(id), std::move(resources)));
}
io::Task<base::Result<void>> MeasuredRuntime::reopen_container_log(std::string id) {
  return measured("reopen_container_log", runtime_.reopen_container_log(std::move(id)));
}
io::Task<base::Result<cri::ExecSyncResponse>> MeasuredRuntime::exec_sync(std::string id,
                                                                         std::vector<std::string> command,
                                                                         int64_t timeout_seconds) {
  return measured("exec_sync", runtime_.exec_sync(std::move(id), std::move(command), timeout_seconds));
}
io::Task<base::Result<std::string>> MeasuredRuntime::exec(cri::ExecRequest request) {
  return measured("exec", runtime_.exec(std::move(request)));
}
io::Task<base::Result<std::string>> MeasuredRuntime::attach(cri::AttachRequest request) {
  return measured("attach", runtime_.attach(std::move(request)));
}
io::Task<base::Result<std::string>> MeasuredRuntime::port_forward(cri::PortForwardRequest request) {
  return measured("port_forward", runtime_.port_forward(std::move(request)));
}
io::Task<base::Result<std::optional<cri::Image>>> MeasuredRuntime::image_status(std::string image) {
  return measured("image_status", runtime_.image_status(std::move(image)));
}
io::Task<base::Result<std::vector<cri::Image>>> MeasuredRuntime::list_images() {
  return measured("list_images", runtime_.list_images());
}
io::Task<base::Result<std::string>> MeasuredRuntime::pull_image(std::string image, std::optional<cri::AuthConfig> auth,
                                                                cri::PodSandboxConfig sandbox_config) {
  return measured("pull_image", runtime_.pull_image(std::move(image), std::move(auth), std::move(sandbox_config)));
}
io::Task<base::Result<void>> MeasuredRuntime::remove_image(std::string image) {
  return measured("remove_image", runtime_.remove_image(std::move(image)));
}
// Not a call of the CRI.
io::Task<base::Result<std::optional<HostMount>>> MeasuredRuntime::host_mount_of(std::string image) {
  return runtime_.host_mount_of(std::move(image));
}

io::Task<base::Result<cri::ImageFsInfoResponse>> MeasuredRuntime::image_filesystems() {
  return measured("image_fs_info", runtime_.image_filesystems());
}
io::Task<base::Result<std::vector<cri::ContainerStats>>> MeasuredRuntime::list_container_stats() {
  return measured("list_container_stats", runtime_.list_container_stats());
}
io::Task<base::Result<void>> MeasuredRuntime::checkpoint_container(std::string id, std::string location,
                                                                   int64_t timeout_seconds) {
  return measured("checkpoint_container",
                  runtime_.checkpoint_container(std::move(id), std::move(location), timeout_seconds));
}
io::Task<base::Result<void>> MeasuredRuntime::watch(std::function<void(const std::string& id)> changed) {
  return runtime_.watch(std::move(changed));
}

}  // namespace kubelet
