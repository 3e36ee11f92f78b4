#include "scheduler/core/pod_info.h"

#include <tuple>

#include "schema/protobuf.h"
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

uint64_t hash_of_wish(const core::Pod& pod) {
  std::string text = schema::to_protobuf(pod.spec);
  for (const auto& claim : pod.status.resource_claim_statuses) text += schema::to_protobuf(claim);
  return std::hash<std::string>()(text);
}

}  // namespace

PodInfoRef make_pod_info(const core::Pod& pod) {
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
  info->nominated = pod.status.nominated_node_name;
  if (pod.spec.node_name.empty() || info->affinity) info->wish_hash = hash_of_wish(pod);
  return info;
}

PodInfoRef with_pod(const PodInfo& info, std::shared_ptr<const core::Pod> pod) {
  auto whole = std::make_shared<PodInfo>(info);
  whole->pod = std::move(pod);
  return whole;
}

bool count_alike(const PodInfo& a, const PodInfo& b) {
  auto parts = [](const PodInfo& info) {
    return std::tie(info.uid, info.node, info.priority, info.requests, info.nonzero_requests, info.ports, info.labels,
                    info.owner, info.claims, info.terminating, info.wish_hash);
  };
  return parts(a) == parts(b);
}

bool has_ended(const core::Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}

}  // namespace scheduler
