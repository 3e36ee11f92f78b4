#include "kubelet/runtime/cri/cri_client.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {

CriClient::CriClient(Options options, io::Address runtime, std::optional<io::Address> images)
    : options_(std::move(options)),
      runtime_({.address = std::move(runtime), .connect_timeout = options_.connect_timeout}) {
  if (!images) return;
  images_ = std::make_unique<io::GrpcClient>(
      io::GrpcClient::Options{.address = *std::move(images), .connect_timeout = options_.connect_timeout});
}

CriClient::~CriClient() = default;

base::Result<std::unique_ptr<CriClient>> CriClient::create(Options options) {
  auto runtime = io::Address::parse(options.endpoint);
  if (!runtime)
    return base::fail(runtime.error().with_context(base::cat({"runtime endpoint ", base::quote(options.endpoint)})));
  std::optional<io::Address> images;
  if (!options.image_endpoint.empty() && options.image_endpoint != options.endpoint) {
    auto parsed = io::Address::parse(options.image_endpoint);
    if (!parsed)
      return base::fail(
          parsed.error().with_context(base::cat({"image endpoint ", base::quote(options.image_endpoint)})));
    images = *std::move(parsed);
  }
  return std::unique_ptr<CriClient>(new CriClient(std::move(options), *std::move(runtime), std::move(images)));
}

template <class Response, class Request>
io::Task<base::Result<Response>> CriClient::runtime_call(std::string_view path, Request request, io::Duration timeout) {
  return rpc::call<Response>(runtime_, path, std::move(request),
                             timeout == kDefaultTimeout ? options_.timeout : timeout);
}

template <class Response, class Request>
io::Task<base::Result<Response>> CriClient::image_call(std::string_view path, Request request) {
  bool is_pull = path == cri::image_service::kPullImage;
  return rpc::call<Response>(images_ ? *images_ : runtime_, path, std::move(request),
                             is_pull ? io::kNoTimeout : options_.timeout);
}

namespace {

// What a call may take inside the runtime, as its own field says. A century is no bound and fits.
io::Duration seconds(int64_t count) {
  return std::chrono::seconds(std::clamp<int64_t>(count, 0, 3'000'000'000));
}

}  // namespace

io::Task<base::Result<cri::VersionResponse>> CriClient::version(cri::VersionRequest request) {
  return runtime_call<cri::VersionResponse>(cri::runtime_service::kVersion, std::move(request));
}
io::Task<base::Result<cri::RunPodSandboxResponse>> CriClient::run_pod_sandbox(cri::RunPodSandboxRequest request) {
  return runtime_call<cri::RunPodSandboxResponse>(cri::runtime_service::kRunPodSandbox, std::move(request),
                                                  options_.timeout * 2);
}
io::Task<base::Result<cri::StopPodSandboxResponse>> CriClient::stop_pod_sandbox(cri::StopPodSandboxRequest request) {
  return runtime_call<cri::StopPodSandboxResponse>(cri::runtime_service::kStopPodSandbox, std::move(request));
}
io::Task<base::Result<cri::RemovePodSandboxResponse>> CriClient::remove_pod_sandbox(
    cri::RemovePodSandboxRequest request) {
  return runtime_call<cri::RemovePodSandboxResponse>(cri::runtime_service::kRemovePodSandbox, std::move(request));
}
io::Task<base::Result<cri::PodSandboxStatusResponse>> CriClient::pod_sandbox_status(
    cri::PodSandboxStatusRequest request) {
  return runtime_call<cri::PodSandboxStatusResponse>(cri::runtime_service::kPodSandboxStatus, std::move(request));
}
io::Task<base::Result<cri::ListPodSandboxResponse>> CriClient::list_pod_sandbox(cri::ListPodSandboxRequest request) {
  return runtime_call<cri::ListPodSandboxResponse>(cri::runtime_service::kListPodSandbox, std::move(request));
}
io::Task<base::Result<cri::CreateContainerResponse>> CriClient::create_container(cri::CreateContainerRequest request) {
  return runtime_call<cri::CreateContainerResponse>(cri::runtime_service::kCreateContainer, std::move(request));
}
io::Task<base::Result<cri::StartContainerResponse>> CriClient::start_container(cri::StartContainerRequest request) {
  return runtime_call<cri::StartContainerResponse>(cri::runtime_service::kStartContainer, std::move(request));
}
io::Task<base::Result<cri::StopContainerResponse>> CriClient::stop_container(cri::StopContainerRequest request) {
  io::Duration timeout = options_.timeout + seconds(request.timeout);
  return runtime_call<cri::StopContainerResponse>(cri::runtime_service::kStopContainer, std::move(request), timeout);
}
io::Task<base::Result<cri::RemoveContainerResponse>> CriClient::remove_container(cri::RemoveContainerRequest request) {
  return runtime_call<cri::RemoveContainerResponse>(cri::runtime_service::kRemoveContainer, std::move(request));
}
io::Task<base::Result<cri::ListContainersResponse>> CriClient::list_containers(cri::ListContainersRequest request) {
  return runtime_call<cri::ListContainersResponse>(cri::runtime_service::kListContainers, std::move(request));
}
io::Task<base::Result<cri::ContainerStatusResponse>> CriClient::container_status(cri::ContainerStatusRequest request) {
  return runtime_call<cri::ContainerStatusResponse>(cri::runtime_service::kContainerStatus, std::move(request));
}
io::Task<base::Result<cri::UpdateContainerResourcesResponse>> CriClient::update_container_resources(
    cri::UpdateContainerResourcesRequest request) {
  return runtime_call<cri::UpdateContainerResourcesResponse>(cri::runtime_service::kUpdateContainerResources,
                                                             std::move(request));
}
io::Task<base::Result<cri::ReopenContainerLogResponse>> CriClient::reopen_container_log(
    cri::ReopenContainerLogRequest request) {
  return runtime_call<cri::ReopenContainerLogResponse>(cri::runtime_service::kReopenContainerLog, std::move(request));
}
io::Task<base::Result<cri::ExecSyncResponse>> CriClient::exec_sync(cri::ExecSyncRequest request) {
  // Without a timeout the command may run for ever.
  io::Duration timeout = request.timeout <= 0 ? io::kNoTimeout : options_.timeout + seconds(request.timeout);
  return runtime_call<cri::ExecSyncResponse>(cri::runtime_service::kExecSync, std::move(request), timeout);
}
io::Task<base::Result<cri::ExecResponse>> CriClient::exec(cri::ExecRequest request) {
  return runtime_call<cri::ExecResponse>(cri::runtime_service::kExec, std::move(request));
}
io::Task<base::Result<cri::AttachResponse>> CriClient::attach(cri::AttachRequest request) {
  return runtime_call<cri::AttachResponse>(cri::runtime_service::kAttach, std::move(request));
}
io::Task<base::Result<cri::PortForwardResponse>> CriClient::port_forward(cri::PortForwardRequest request) {
  return runtime_call<cri::PortForwardResponse>(cri::runtime_service::kPortForward, std::move(request));
}
io::Task<base::Result<cri::ContainerStatsResponse>> CriClient::container_stats(cri::ContainerStatsRequest request) {
  return runtime_call<cri::ContainerStatsResponse>(cri::runtime_service::kContainerStats, std::move(request));
}
io::Task<base::Result<cri::ListContainerStatsResponse>> CriClient::list_container_stats(
    cri::ListContainerStatsRequest request) {
  return runtime_call<cri::ListContainerStatsResponse>(cri::runtime_service::kListContainerStats, std::move(request));
}
io::Task<base::Result<cri::PodSandboxStatsResponse>> CriClient::pod_sandbox_stats(cri::PodSandboxStatsRequest request) {
  return runtime_call<cri::PodSandboxStatsResponse>(cri::runtime_service::kPodSandboxStats, std::move(request));
}
io::Task<base::Result<cri::ListPodSandboxStatsResponse>> CriClient::list_pod_sandbox_stats(
    cri::ListPodSandboxStatsRequest request) {
  return runtime_call<cri::ListPodSandboxStatsResponse>(cri::runtime_service::kListPodSandboxStats, std::move(request));
}
io::Task<base::Result<cri::UpdateRuntimeConfigResponse>> CriClient::update_runtime_config(
    cri::UpdateRuntimeConfigRequest request) {
  return runtime_call<cri::UpdateRuntimeConfigResponse>(cri::runtime_service::kUpdateRuntimeConfig, std::move(request));
}
io::Task<base::Result<cri::StatusResponse>> CriClient::status(cri::StatusRequest request) {
  return runtime_call<cri::StatusResponse>(cri::runtime_service::kStatus, std::move(request));
}
io::Task<base::Result<cri::CheckpointContainerResponse>> CriClient::checkpoint_container(
    cri::CheckpointContainerRequest request) {
  io::Duration timeout = options_.timeout + seconds(request.timeout);
  return runtime_call<cri::CheckpointContainerResponse>(cri::runtime_service::kCheckpointContainer, std::move(request),
                                                        timeout);
}
io::Task<base::Result<CriEvents>> CriClient::get_container_events(cri::GetEventsRequest request) {
  return rpc::server_stream<cri::ContainerEventResponse>(runtime_, cri::runtime_service::kGetContainerEvents,
                                                         std::move(request));
}
io::Task<base::Result<cri::ListMetricDescriptorsResponse>> CriClient::list_metric_descriptors(
    cri::ListMetricDescriptorsRequest request) {
  return runtime_call<cri::ListMetricDescriptorsResponse>(cri::runtime_service::kListMetricDescriptors,
                                                          std::move(request));
}
io::Task<base::Result<cri::ListPodSandboxMetricsResponse>> CriClient::list_pod_sandbox_metrics(
    cri::ListPodSandboxMetricsRequest request) {
  return runtime_call<cri::ListPodSandboxMetricsResponse>(cri::runtime_service::kListPodSandboxMetrics,
                                                          std::move(request));
}
io::Task<base::Result<cri::RuntimeConfigResponse>> CriClient::runtime_config(cri::RuntimeConfigRequest request) {
  return runtime_call<cri::RuntimeConfigResponse>(cri::runtime_service::kRuntimeConfig, std::move(request));
}
io::Task<base::Result<cri::UpdatePodSandboxResourcesResponse>> CriClient::update_pod_sandbox_resources(
    cri::UpdatePodSandboxResourcesRequest request) {
  return runtime_call<cri::UpdatePodSandboxResourcesResponse>(cri::runtime_service::kUpdatePodSandboxResources,
                                                              std::move(request));
}
io::Task<base::Result<cri::ListImagesResponse>> CriClient::list_images(cri::ListImagesRequest request) {
  return image_call<cri::ListImagesResponse>(cri::image_service::kListImages, std::move(request));
}
io::Task<base::Result<cri::ImageStatusResponse>> CriClient::image_status(cri::ImageStatusRequest request) {
  return image_call<cri::ImageStatusResponse>(cri::image_service::kImageStatus, std::move(request));
}
io::Task<base::Result<cri::PullImageResponse>> CriClient::pull_image(cri::PullImageRequest request) {
  return image_call<cri::PullImageResponse>(cri::image_service::kPullImage, std::move(request));
}
io::Task<base::Result<cri::RemoveImageResponse>> CriClient::remove_image(cri::RemoveImageRequest request) {
  return image_call<cri::RemoveImageResponse>(cri::image_service::kRemoveImage, std::move(request));
}
io::Task<base::Result<cri::ImageFsInfoResponse>> CriClient::image_fs_info(cri::ImageFsInfoRequest request) {
  return image_call<cri::ImageFsInfoResponse>(cri::image_service::kImageFsInfo, std::move(request));
}

base::Result<StreamingUrl> parse_streaming_url(std::string_view url, std::string_view default_host) {
  StreamingUrl result;
  result.secure = url.starts_with("https://");
  if (!result.secure && !url.starts_with("http://")) {
    return base::fail(base::Code::BadRequest, base::cat({"not a streaming URL: ", base::quote(url)}));
  }
  url.remove_prefix(result.secure ? 8 : 7);
  size_t slash = std::min(url.find('/'), url.size());
  result.authority = url.substr(0, slash);
  result.target = slash == url.size() ? "/" : url.substr(slash);
  TRY(result.address, io::Address::parse(result.authority));
  if (result.address.host.empty() || result.address.host == "0.0.0.0" || result.address.host == "::")
    result.address.host = default_host;
  if (result.address.port == 0) result.address.port = result.secure ? 443 : 80;
  return result;
}

}  // namespace kubelet
