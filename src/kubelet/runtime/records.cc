#include "kubelet/runtime/records.h"

#include <algorithm>

#include "base/strings.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {
namespace {

std::string get(const std::map<std::string, std::string, std::less<>>& map, std::string_view key) {
  auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

ContainerPhase phase_of(cri::ContainerState state) {
  switch (state) {
    case cri::ContainerState::ContainerCreated:
      return ContainerPhase::Created;
    case cri::ContainerState::ContainerRunning:
      return ContainerPhase::Running;
    case cri::ContainerState::ContainerExited:
      return ContainerPhase::Exited;
    default:
      return ContainerPhase::Unknown;
  }
}

void sort_newest_first(PodRecord& pod) {
  std::ranges::sort(pod.sandboxes, [](auto& a, auto& b) { return a.created_ns > b.created_ns; });
  std::ranges::sort(pod.containers, [](auto& a, auto& b) {
    return a.created_ns != b.created_ns ? a.created_ns > b.created_ns : a.restart_count > b.restart_count;
  });
}

}  // namespace

const ContainerRecord* PodRecord::newest(std::string_view container) const {
  for (auto& record : containers)
    if (record.name == container) return &record;
  return nullptr;
}

const ContainerRecord* PodRecord::current(std::string_view container) const {
  if (sandboxes.empty()) return nullptr;
  for (auto& record : containers)
    if (record.name == container && record.sandbox_id == sandboxes.front().id) return &record;
  return nullptr;
}

bool PodRecord::any_running() const {
  return std::ranges::any_of(containers, [](auto& record) { return record.is_running(); });
}

ContainerRecord to_record(const cri::ContainerStatus& status, std::string sandbox_id) {
  ContainerRecord record;
  record.id = status.id;
  record.name = get(status.labels, kContainerNameLabel);
  if (record.name.empty() && status.metadata) record.name = status.metadata->name;
  record.sandbox_id = std::move(sandbox_id);
  record.phase = phase_of(status.state);
  record.created_ns = status.created_at;
  record.started_ns = status.started_at;
  record.finished_ns = status.finished_at;
  record.exit_code = status.exit_code;
  record.reason = status.reason;
  record.message = status.message;
  if (status.image)
    record.image =
        !status.image->user_specified_image.empty() ? status.image->user_specified_image : status.image->image;
  record.image_id = status.image_ref;
  record.hash = get(status.annotations, kHashAnnotation);
  record.restart_count = static_cast<int32_t>(base::parse_int(get(status.annotations, kRestartCountAnnotation))
                                                  .value_or(status.metadata ? status.metadata->attempt : 0));
  record.log_path = status.log_path;
  record.message_path = get(status.annotations, kMessagePathAnnotation);
  record.message_policy = get(status.annotations, kMessagePolicyAnnotation);
  record.grace_seconds = base::parse_int(get(status.annotations, kGraceAnnotation));
  for (auto& mount : status.mounts) {
    if (!record.message_path.empty() && mount.container_path == record.message_path)
      record.message_host_path = mount.host_path;
    if (mount.readonly && mount.recursive_read_only) record.recursive_read_only.insert(mount.container_path);
  }
  return record;
}

io::Task<base::Result<PodRecord>> observe_pod(Runtime& runtime, std::string uid, PodRecord known) {
  PodRecord pod;
  pod.uid = uid;
  CO_TRY(auto sandboxes, co_await runtime.list_sandboxes({.pod_uid = uid}));
  for (auto& sandbox : sandboxes) {
    pod.namespace_ = get(sandbox.labels, kPodNamespaceLabel);
    pod.name = get(sandbox.labels, kPodNameLabel);
    pod.sandboxes.push_back({.id = sandbox.id,
                             .attempt = sandbox.metadata ? sandbox.metadata->attempt : 0,
                             .ready = sandbox.state == cri::PodSandboxState::SandboxReady,
                             .created_ns = sandbox.created_at,
                             .ips = {},
                             .handler = {}});
  }
  sort_newest_first(pod);
  for (auto& sandbox : pod.sandboxes) {
    // Only the newest one's address matters, and it does not change while the sandbox is ready.
    if (&sandbox != &pod.sandboxes.front()) break;
    auto same = std::ranges::find_if(known.sandboxes, [&](auto& old) { return old.id == sandbox.id && old.ready; });
    if (same != known.sandboxes.end() && sandbox.ready) {
      sandbox.ips = same->ips;
      sandbox.handler = same->handler;
      sandbox.host_network = same->host_network;
      continue;
    }
    auto status = co_await runtime.sandbox_status(sandbox.id);
    if (!status) {
      if (status.error().code() == base::Code::NotFound) continue;
      co_return base::fail(status.error());
    }
    sandbox.ready = status->state == cri::PodSandboxState::SandboxReady;
    sandbox.handler = status->runtime_handler;
    if (status->network) {
      if (!status->network->ip.empty()) sandbox.ips.push_back(status->network->ip);
      for (auto& more : status->network->additional_ips) sandbox.ips.push_back(more.ip);
    }
    if (status->linux && status->linux->namespaces && status->linux->namespaces->options)
      sandbox.host_network = status->linux->namespaces->options->network == cri::NamespaceMode::Node;
  }
  CO_TRY(auto containers, co_await runtime.list_containers({.pod_uid = uid}));
  for (auto& container : containers) {
    auto old = std::ranges::find_if(known.containers, [&](auto& record) { return record.id == container.id; });
    if (old != known.containers.end() && old->phase == ContainerPhase::Exited) {
      pod.containers.push_back(*old);
      continue;
    }
    auto status = co_await runtime.container_status(container.id);
    if (!status) {
      if (status.error().code() == base::Code::NotFound) continue;  // removed meanwhile
      co_return base::fail(status.error());
    }
    pod.containers.push_back(to_record(*status, container.pod_sandbox_id));
  }
  sort_newest_first(pod);
  co_return pod;
}

io::Task<base::Result<std::map<std::string, PodRecord>>> list_pods(Runtime& runtime) {
  std::map<std::string, PodRecord> pods;
  auto place = [&pods](const auto& item) -> PodRecord& {
    auto& pod = pods[get(item.labels, kPodUidLabel)];
    if (pod.uid.empty()) {
      pod.uid = get(item.labels, kPodUidLabel);
      pod.namespace_ = get(item.labels, kPodNamespaceLabel);
      pod.name = get(item.labels, kPodNameLabel);
    }
    return pod;
  };
  CO_TRY(auto sandboxes, co_await runtime.list_sandboxes({}));
  for (auto& sandbox : sandboxes)
    place(sandbox).sandboxes.push_back({.id = sandbox.id,
                                        .attempt = sandbox.metadata ? sandbox.metadata->attempt : 0,
                                        .ready = sandbox.state == cri::PodSandboxState::SandboxReady,
                                        .created_ns = sandbox.created_at,
                                        .ips = {},
                                        .handler = {}});
  CO_TRY(auto containers, co_await runtime.list_containers({}));
  for (auto& container : containers) {
    ContainerRecord record;
    record.id = container.id;
    record.name = get(container.labels, kContainerNameLabel);
    record.sandbox_id = container.pod_sandbox_id;
    record.phase = phase_of(container.state);
    record.created_ns = container.created_at;
    place(container).containers.push_back(std::move(record));
  }
  // What somebody else put into the runtime has no pod uid and is left alone.
  pods.erase("");
  for (auto& [uid, pod] : pods) sort_newest_first(pod);
  co_return pods;
}

}  // namespace kubelet
