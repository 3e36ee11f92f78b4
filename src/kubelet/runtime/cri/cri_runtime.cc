#include "kubelet/runtime/cri/cri_runtime.h"

#include "base/log.h"
#include "base/strings.h"
#include "io/grpc.h"
#include "kubelet/runtime/cri/cri_client.h"
#include "kubelet/runtime/cri/image_view.h"
#include "kubelet/runtime/cri/lost_task.h"
#include "kubelet/runtime/cri/wire_fields.h"
#include "kubelet/runtime/records.h"

namespace kubelet {
namespace {

template <class T>
base::Result<void> done(const base::Result<T>& answer) {
  if (!answer && answer.error().code() != base::Code::NotFound) return base::fail(answer.error());
  return {};
}

class CriRuntime final : public Runtime {
 public:
  CriRuntime(std::unique_ptr<CriClient> client, std::string endpoint)
      : client_(std::move(client)), endpoint_(std::move(endpoint)) {}

  io::Task<base::Result<RuntimeInfo>> info() override {
    CO_TRY(auto version, co_await client_->version());
    CO_TRY(auto status, co_await client_->status());
    RuntimeInfo out{
        .name = version.runtime_name, .version = version.runtime_version, .runtime_message = {}, .network_message = {}};
    if (status.status)
      for (auto& condition : status.status->conditions) {
        if (condition.type == "RuntimeReady")
          out.runtime_ready = condition.status, out.runtime_message = condition.message;
        if (condition.type == "NetworkReady")
          out.network_ready = condition.status, out.network_message = condition.message;
      }
    out.handlers = std::move(status.runtime_handlers);
    if (status.features) out.supplemental_groups_policy = status.features->supplemental_groups_policy;
    co_return out;
  }

  io::Task<base::Result<std::optional<CgroupDriver>>> cgroup_driver() override {
    auto answer = co_await client_->runtime_config();
    if (!answer && io::grpc_code_of(answer.error()) == io::GrpcCode::Unimplemented)
      co_return std::optional<CgroupDriver>();
    CO_TRY(auto config, std::move(answer));
    if (!config.linux) co_return std::optional<CgroupDriver>();
    co_return config.linux->cgroup_driver == cri::CgroupDriver::Systemd ? CgroupDriver::Systemd
                                                                        : CgroupDriver::Cgroupfs;
  }

  io::Task<base::Result<std::string>> run_sandbox(cri::PodSandboxConfig config, std::string handler) override {
    cri::RunPodSandboxRequest request;
    request.config = std::move(config);
    request.runtime_handler = std::move(handler);
    CO_TRY(auto answer, co_await client_->run_pod_sandbox(std::move(request)));
    co_return answer.pod_sandbox_id;
  }
  io::Task<base::Result<void>> stop_sandbox(std::string id) override {
    cri::StopPodSandboxRequest request;
    request.pod_sandbox_id = std::move(id);
    co_return done(co_await client_->stop_pod_sandbox(std::move(request)));
  }
  io::Task<base::Result<void>> remove_sandbox(std::string id) override {
    cri::RemovePodSandboxRequest request;
    request.pod_sandbox_id = id;
    auto removed = co_await client_->remove_pod_sandbox(request);
    if (removed || io::grpc_code_of(removed.error()) != io::GrpcCode::FailedPrecondition) co_return done(removed);
    co_await end_task(endpoint_, id);
    co_return done(co_await client_->remove_pod_sandbox(std::move(request)));
  }
  io::Task<base::Result<cri::PodSandboxStatus>> sandbox_status(std::string id) override {
    cri::PodSandboxStatusRequest request;
    request.pod_sandbox_id = std::move(id);
    CO_TRY(auto answer, co_await client_->pod_sandbox_status(std::move(request)));
    if (!answer.status) co_return base::fail(base::Code::Internal, "the runtime gave no status of the sandbox");
    co_return std::move(*answer.status);
  }
  io::Task<base::Result<std::vector<cri::PodSandbox>>> list_sandboxes(RuntimeFilter filter) override {
    cri::ListPodSandboxRequest request;
    if (!filter.pod_uid.empty()) request.filter.emplace().label_selector[std::string(kPodUidLabel)] = filter.pod_uid;
    CO_TRY(auto answer, co_await client_->list_pod_sandbox(std::move(request)));
    co_return std::move(answer.items);
  }

  io::Task<base::Result<std::string>> create_container(std::string sandbox_id, cri::ContainerConfig config,
                                                       cri::PodSandboxConfig sandbox_config) override {
    cri::CreateContainerRequest request;
    request.pod_sandbox_id = std::move(sandbox_id);
    request.config = std::move(config);
    request.sandbox_config = std::move(sandbox_config);
    CO_TRY(auto answer, co_await client_->create_container(std::move(request)));
    co_return answer.container_id;
  }
  io::Task<base::Result<void>> start_container(std::string id) override {
    cri::StartContainerRequest request;
    request.container_id = std::move(id);
    auto answer = co_await client_->start_container(std::move(request));
    if (!answer) co_return base::fail(answer.error());
    co_return {};
  }
  io::Task<base::Result<void>> stop_container(std::string id, int64_t grace_seconds) override {
    cri::StopContainerRequest request;
    request.container_id = std::move(id);
    request.timeout = grace_seconds;
    co_return done(co_await client_->stop_container(std::move(request)));
  }
  io::Task<base::Result<void>> remove_container(std::string id) override {
    cri::RemoveContainerRequest request;
    request.container_id = id;
    auto removed = co_await client_->remove_container(request);
    if (removed || io::grpc_code_of(removed.error()) != io::GrpcCode::FailedPrecondition) co_return done(removed);
    co_await end_task(endpoint_, id);
    co_return done(co_await client_->remove_container(std::move(request)));
  }
  io::Task<base::Result<std::vector<cri::Container>>> list_containers(RuntimeFilter filter) override {
    cri::ListContainersRequest request;
    if (!filter.pod_uid.empty()) request.filter.emplace().label_selector[std::string(kPodUidLabel)] = filter.pod_uid;
    CO_TRY(auto answer, co_await client_->list_containers(std::move(request)));
    co_return std::move(answer.containers);
  }
  io::Task<base::Result<cri::ContainerStatus>> container_status(std::string id) override {
    cri::ContainerStatusRequest request;
    request.container_id = std::move(id);
    CO_TRY(auto answer, co_await client_->container_status(std::move(request)));
    if (!answer.status) co_return base::fail(base::Code::Internal, "the runtime gave no status of the container");
    co_return std::move(*answer.status);
  }
  io::Task<base::Result<void>> update_container_resources(std::string id,
                                                          cri::LinuxContainerResources resources) override {
    cri::UpdateContainerResourcesRequest request;
    request.container_id = std::move(id);
    request.linux = std::move(resources);
    auto answer = co_await client_->update_container_resources(std::move(request));
    if (!answer) co_return base::fail(answer.error());
    co_return {};
  }
  io::Task<base::Result<void>> reopen_container_log(std::string id) override {
    cri::ReopenContainerLogRequest request;
    request.container_id = std::move(id);
    auto answer = co_await client_->reopen_container_log(std::move(request));
    if (!answer) co_return base::fail(answer.error());
    co_return {};
  }

  io::Task<base::Result<cri::ExecSyncResponse>> exec_sync(std::string id, std::vector<std::string> command,
                                                          int64_t timeout_seconds) override {
    cri::ExecSyncRequest request;
    request.container_id = std::move(id);
    request.cmd = std::move(command);
    request.timeout = timeout_seconds;
    co_return co_await client_->exec_sync(std::move(request));
  }
  io::Task<base::Result<std::string>> exec(cri::ExecRequest request) override {
    CO_TRY(auto answer, co_await client_->exec(std::move(request)));
    co_return answer.url;
  }
  io::Task<base::Result<std::string>> attach(cri::AttachRequest request) override {
    CO_TRY(auto answer, co_await client_->attach(std::move(request)));
    co_return answer.url;
  }
  io::Task<base::Result<std::string>> port_forward(cri::PortForwardRequest request) override {
    CO_TRY(auto answer, co_await client_->port_forward(std::move(request)));
    co_return answer.url;
  }

  io::Task<base::Result<std::optional<cri::Image>>> image_status(std::string image) override {
    cri::ImageStatusRequest request;
    request.image.emplace().image = std::move(image);
    CO_TRY(auto answer, co_await client_->image_status(std::move(request)));
    if (!answer.image) co_return std::optional<cri::Image>();
    co_return std::optional(std::move(*answer.image));
  }
  io::Task<base::Result<std::vector<cri::Image>>> list_images() override {
    CO_TRY(auto answer, co_await client_->list_images());
    co_return std::move(answer.images);
  }
  io::Task<base::Result<std::string>> pull_image(std::string image, std::optional<cri::AuthConfig> auth,
                                                 cri::PodSandboxConfig sandbox_config) override {
    cri::PullImageRequest request;
    request.image.emplace().image = std::move(image);
    if (auth) request.auth = std::move(*auth);
    request.sandbox_config = std::move(sandbox_config);
    auto answer = co_await client_->pull_image(std::move(request));
    if (!answer) {
      // People know these texts with their code, and those without a code of their own bare.
      auto code = io::grpc_code_of(answer.error());
      if (code == io::GrpcCode::Unknown) co_return base::fail(answer.error());
      co_return base::fail(answer.error().code(), base::cat({"rpc error: code = ", io::grpc_code_name(code),
                                                             " desc = ", answer.error().message()}));
    }
    co_return answer->image_ref;
  }
  io::Task<base::Result<void>> remove_image(std::string image) override {
    cri::RemoveImageRequest request;
    request.image.emplace().image = std::move(image);
    co_return done(co_await client_->remove_image(std::move(request)));
  }
  io::Task<base::Result<cri::ImageFsInfoResponse>> image_filesystems() override {
    co_return co_await client_->image_fs_info();
  }
  io::Task<base::Result<std::optional<HostMount>>> host_mount_of(std::string image) override {
    CO_TRY(auto version, co_await client_->version());
    if (!needs_image_views(version.runtime_name, version.runtime_version)) co_return std::optional<HostMount>();
    cri::ImageStatusRequest request;
    request.image.emplace().image = image;
    request.verbose = true;
    CO_TRY(auto status, co_await client_->image_status(std::move(request)));
    auto chain_id = chain_id_of(status.info["info"]);
    if (chain_id.empty())
      co_return base::fail(base::Code::NotFound, base::cat({"containerd does not tell where image ", image, " lies"}));
    CO_TRY(auto places, co_await client_->image_fs_info());
    std::string folder;
    for (auto& place : places.image_filesystems)
      if (place.fs_id) folder = place.fs_id->mountpoint;
    CO_TRY(auto mount, co_await view_image(endpoint_, snapshotter_of(folder), std::move(chain_id)));
    co_return std::optional(std::move(mount));
  }

  io::Task<base::Result<std::vector<cri::ContainerStats>>> list_container_stats() override {
    CO_TRY(auto answer, co_await client_->list_container_stats());
    co_return std::move(answer.stats);
  }

  io::Task<base::Result<void>> checkpoint_container(std::string id, std::string location,
                                                    int64_t timeout_seconds) override {
    cri::CheckpointContainerRequest request;
    request.container_id = std::move(id);
    request.location = std::move(location);
    request.timeout = timeout_seconds;
    auto answer = co_await client_->checkpoint_container(std::move(request));
    if (answer) co_return {};
    if (io::grpc_code_of(answer.error()) == io::GrpcCode::Unimplemented)
      co_return base::fail(base::Code::MethodNotAllowed, answer.error().message());
    co_return base::fail(answer.error());
  }

  io::Task<base::Result<void>> watch(std::function<void(const std::string&)> changed) override {
    if (!tells_nothing_) {
      auto events = co_await client_->get_container_events();
      if (events) {
        for (;;) {
          auto event = co_await events->read();
          if (!event) {
            if (io::grpc_code_of(event.error()) == io::GrpcCode::Unimplemented) break;
            co_return base::fail(event.error());
          }
          if (!*event) co_return base::fail(base::Code::Closed, "the runtime ended its events");
          changed((*event)->container_id);
          if ((*event)->pod_sandbox_status) changed((*event)->pod_sandbox_status->id);
        }
        tells_nothing_ = true;
      } else if (io::grpc_code_of(events.error()) == io::GrpcCode::Unimplemented) {
        tells_nothing_ = true;
      } else {
        co_return base::fail(events.error());
      }
    }
    co_return co_await watch_containerd(std::move(changed));
  }

 private:
  // containerd.services.events.v1.Events/Subscribe, of the namespace that the CRI uses.
  io::Task<base::Result<void>> watch_containerd(std::function<void(const std::string&)> changed) {
    CO_TRY(auto address, io::Address::parse(endpoint_));
    io::GrpcClient client({.address = std::move(address), .tls = nullptr});
    CO_TRY(auto call, co_await client.open("/containerd.services.events.v1.Events/Subscribe"));
    std::string filter = R"(namespace=="k8s.io",topic=="/tasks/exit")";
    std::string request = "\x0a" + std::string(1, static_cast<char>(filter.size())) + filter;
    CO_TRY(co_await call->write(std::move(request)));
    call->finish();
    io::Scope telling;  // ends with the watch: `changed` is good for no longer
    for (;;) {
      auto message = co_await call->read();
      if (!message) {
        if (io::grpc_code_of(message.error()) == io::GrpcCode::Unimplemented)
          co_return base::fail(base::Code::MethodNotAllowed, "this runtime has no events");
        co_return base::fail(message.error());
      }
      if (!*message) co_return base::fail(base::Code::Closed, "containerd ended its events");
      if (auto id = ended_container(**message); !id.empty()) telling.spawn(tell_when_seen(id, changed));
    }
  }

  // The exit is known to containerd a moment before its CRI side says so.
  io::Task<void> tell_when_seen(std::string id, std::function<void(const std::string&)> changed) {
    auto pause = std::chrono::milliseconds(1);
    for (int attempt = 0; attempt < 12; ++attempt, pause *= 2) {
      cri::ContainerStatusRequest request;
      request.container_id = id;
      auto answer = co_await client_->container_status(std::move(request));
      if (!answer || !answer->status) {
        // A sandbox, whose state cannot be asked for this way; it lags as little.
        co_await io::sleep(std::chrono::milliseconds(50));
        break;
      }
      if (answer->status->state != cri::ContainerState::ContainerRunning) break;
      co_await io::sleep(pause);
    }
    changed(id);
  }

  std::unique_ptr<CriClient> client_;
  std::string endpoint_;
  bool tells_nothing_ = false;
};

}  // namespace

std::string ended_container(std::string_view envelope) {
  // Envelope: 4 event (Any: 2 value). TaskExit: 1 container id, 2 id of the process, which is the container's for its
  // main one.
  WireField field;
  std::string_view any, exit;
  while (next_field(envelope, field))
    if (field.number == 4) any = field.bytes;
  while (next_field(any, field))
    if (field.number == 2) exit = field.bytes;
  std::string_view container, process;
  while (next_field(exit, field)) {
    if (field.number == 1) container = field.bytes;
    if (field.number == 2) process = field.bytes;
  }
  return container == process ? std::string(container) : std::string();
}

base::Result<std::unique_ptr<Runtime>> make_cri_runtime(CriClient::Options options) {
  auto endpoint = options.endpoint;
  TRY(auto client, CriClient::create(std::move(options)));
  return std::make_unique<CriRuntime>(std::move(client), std::move(endpoint));
}
base::Result<std::unique_ptr<Runtime>> make_cri_runtime(std::string endpoint) {
  return make_cri_runtime(CriClient::Options{.endpoint = std::move(endpoint), .image_endpoint = {}});
}

}  // namespace kubelet
