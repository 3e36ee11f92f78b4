#include "scheduler/core/pod_info.h"

#include "volume/names.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;

void add_ports(std::vector<HostPort>& ports, const std::vector<core::Container>& containers) {
  for (const auto& container : containers) {
    for (const auto& port : container.ports) {
      if (port.host_port <= 0) continue;
      ports.push_back({port.protocol.empty() ? "TCP" : port.protocol, port.host_ip.empty() ? "0.0.0.0" : port.host_ip,
                       port.host_port});
    }
  }
}

}  // namespace

PodInfoRef make_pod_info(const core::Pod& pod, bool keep_pod) {
  auto info = std::make_shared<PodInfo>();
  info->key = {pod.metadata.namespace_, pod.metadata.name};
  info->uid = pod.metadata.uid;
  info->node = pod.spec.node_name;
  info->priority = pod.spec.priority.value_or(0);
  info->requests = requests_of(pod);
  info->nonzero_requests = nonzero_requests_of(pod);
  add_ports(info->ports, pod.spec.containers);
  std::vector<core::Container> restartable;
  for (const auto& container : pod.spec.init_containers) {
    if (container.restart_policy && *container.restart_policy == "Always") restartable.push_back(container);
  }
  add_ports(info->ports, restartable);
  info->labels = pod.metadata.labels;
  for (const auto& volume : pod.spec.volumes) {
    if (auto claim = volume::claim_name(pod, volume); !claim.empty()) info->claims.push_back(std::move(claim));
  }
  info->terminating = !pod.metadata.deletion_timestamp.is_zero();
  info->affinity = Affinity::of(pod);
  for (const auto& owner : pod.metadata.owner_references) {
    if (owner.controller.value_or(false)) info->owner = std::hash<std::string>()(owner.uid);
  }
  if (!pod.status.start_time.is_zero()) info->started = pod.status.start_time.seconds;
  if (keep_pod) info->pod = std::make_shared<const core::Pod>(pod);
  return info;
}

bool has_ended(const core::Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}

}  // namespace scheduler
