// The Container Runtime Interface v1 as its messages are: one method for each call of containerd, CRI-O and the like.
// One loop.
//
// A call that takes longer than Options::timeout is a Timeout; making a sandbox may take twice as long, pulling and an
// exec_sync without a timeout any time, and what waits inside the runtime (exec_sync, stop_container,
// checkpoint_container) gets its own time on top. Errors carry the runtime's code:
// io::grpc_code_of(); NotFound is base::Code::NotFound.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/cri.h"
#include "base/result.h"
#include "io/grpc_client.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/task.h"
#include "rpc/rpc.h"

namespace kubelet {

namespace cri = ::api::cri;

using CriEvents = rpc::Call<cri::ContainerEventResponse, cri::GetEventsRequest>;

class CriClient {
 public:
  struct Options {
    std::string endpoint = "unix:///run/containerd/containerd.sock";
    std::string image_endpoint;                      // "": the same
    io::Duration timeout = std::chrono::minutes(2);  // upstream's runtimeRequestTimeout
    io::Duration connect_timeout = std::chrono::seconds(5);
  };
  // BadRequest for an endpoint that cannot be read. Connects when first called, and again when the runtime was
  // restarted.
  static base::Result<std::unique_ptr<CriClient>> create(Options options);
  ~CriClient();
  CriClient(const CriClient&) = delete;
  CriClient& operator=(const CriClient&) = delete;

  // RuntimeService.
  io::Task<base::Result<cri::VersionResponse>> version(cri::VersionRequest request = {});
  io::Task<base::Result<cri::RunPodSandboxResponse>> run_pod_sandbox(cri::RunPodSandboxRequest request);
  io::Task<base::Result<cri::StopPodSandboxResponse>> stop_pod_sandbox(cri::StopPodSandboxRequest request);
  io::Task<base::Result<cri::RemovePodSandboxResponse>> remove_pod_sandbox(cri::RemovePodSandboxRequest request);
  io::Task<base::Result<cri::PodSandboxStatusResponse>> pod_sandbox_status(cri::PodSandboxStatusRequest request);
  io::Task<base::Result<cri::ListPodSandboxResponse>> list_pod_sandbox(cri::ListPodSandboxRequest request = {});
  io::Task<base::Result<cri::CreateContainerResponse>> create_container(cri::CreateContainerRequest request);
  io::Task<base::Result<cri::StartContainerResponse>> start_container(cri::StartContainerRequest request);
  io::Task<base::Result<cri::StopContainerResponse>> stop_container(cri::StopContainerRequest request);
  io::Task<base::Result<cri::RemoveContainerResponse>> remove_container(cri::RemoveContainerRequest request);
  io::Task<base::Result<cri::ListContainersResponse>> list_containers(cri::ListContainersRequest request = {});
  io::Task<base::Result<cri::ContainerStatusResponse>> container_status(cri::ContainerStatusRequest request);
  io::Task<base::Result<cri::UpdateContainerResourcesResponse>> update_container_resources(
      cri::UpdateContainerResourcesRequest request);
  io::Task<base::Result<cri::ReopenContainerLogResponse>> reopen_container_log(cri::ReopenContainerLogRequest request);
  io::Task<base::Result<cri::ExecSyncResponse>> exec_sync(cri::ExecSyncRequest request);
  io::Task<base::Result<cri::ExecResponse>> exec(cri::ExecRequest request);
  io::Task<base::Result<cri::AttachResponse>> attach(cri::AttachRequest request);
  io::Task<base::Result<cri::PortForwardResponse>> port_forward(cri::PortForwardRequest request);
  io::Task<base::Result<cri::ContainerStatsResponse>> container_stats(cri::ContainerStatsRequest request);
  io::Task<base::Result<cri::ListContainerStatsResponse>> list_container_stats(
      cri::ListContainerStatsRequest request = {});
  io::Task<base::Result<cri::PodSandboxStatsResponse>> pod_sandbox_stats(cri::PodSandboxStatsRequest request);
  io::Task<base::Result<cri::ListPodSandboxStatsResponse>> list_pod_sandbox_stats(
      cri::ListPodSandboxStatsRequest request = {});
  io::Task<base::Result<cri::UpdateRuntimeConfigResponse>> update_runtime_config(
      cri::UpdateRuntimeConfigRequest request);
  io::Task<base::Result<cri::StatusResponse>> status(cri::StatusRequest request = {});
  io::Task<base::Result<cri::CheckpointContainerResponse>> checkpoint_container(
      cri::CheckpointContainerRequest request);
  // What happens to containers from now on, until destroyed.
  io::Task<base::Result<CriEvents>> get_container_events(cri::GetEventsRequest request = {});
  io::Task<base::Result<cri::ListMetricDescriptorsResponse>> list_metric_descriptors(
      cri::ListMetricDescriptorsRequest request = {});
  io::Task<base::Result<cri::ListPodSandboxMetricsResponse>> list_pod_sandbox_metrics(
      cri::ListPodSandboxMetricsRequest request = {});
  io::Task<base::Result<cri::RuntimeConfigResponse>> runtime_config(cri::RuntimeConfigRequest request = {});
  io::Task<base::Result<cri::UpdatePodSandboxResourcesResponse>> update_pod_sandbox_resources(
      cri::UpdatePodSandboxResourcesRequest request);

  // ImageService.
  io::Task<base::Result<cri::ListImagesResponse>> list_images(cri::ListImagesRequest request = {});
  io::Task<base::Result<cri::ImageStatusResponse>> image_status(cri::ImageStatusRequest request);
  io::Task<base::Result<cri::PullImageResponse>> pull_image(cri::PullImageRequest request);
  io::Task<base::Result<cri::RemoveImageResponse>> remove_image(cri::RemoveImageRequest request);
  io::Task<base::Result<cri::ImageFsInfoResponse>> image_fs_info(cri::ImageFsInfoRequest request = {});

 private:
  static constexpr io::Duration kDefaultTimeout{-1};

  CriClient(Options options, io::Address runtime, std::optional<io::Address> images);
  template <class Response, class Request>
  io::Task<base::Result<Response>> runtime_call(std::string_view path, Request request,
                                                io::Duration timeout = kDefaultTimeout);
  template <class Response, class Request>
  io::Task<base::Result<Response>> image_call(std::string_view path, Request request);

  Options options_;
  io::GrpcClient runtime_;
  std::unique_ptr<io::GrpcClient> images_;  // null: runtime_ serves images too
};

// Where a runtime streams: the URL in the answers to exec, attach and port_forward.
struct StreamingUrl {
  io::Address address;
  bool secure = false;
  std::string target;  // path and query
  std::string authority;
};
// BadRequest for what is not an http or https URL. `default_host` stands in when the runtime leaves its own out.
base::Result<StreamingUrl> parse_streaming_url(std::string_view url, std::string_view default_host = "127.0.0.1");

}  // namespace kubelet
