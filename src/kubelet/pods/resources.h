// What a pod asks for: its class of service, its control group, its place before the out-of-memory killer. Pure.
// Rules: the Kubernetes documentation, "Pod Quality of Service Classes", "Resource Management", "Node-pressure
// Eviction".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/cri.h"
#include "base/quantity.h"
#include "kubelet/cgroup/limits.h"
#include "kubelet/pods/container_rules.h"
#include "kubelet/pods/pod.h"

namespace kubelet {

using ResourceList = std::map<std::string, base::Quantity, std::less<>>;

enum class QosClass : uint8_t { Guaranteed, Burstable, BestEffort };
QosClass qos_class(const core::Pod& pod);
std::string qos_class_name(QosClass qos);

// Containers together, or the greatest init container if that is more; sidecars count all the time; overhead added.
ResourceList pod_requests(const core::Pod& pod);
ResourceList pod_limits(const core::Pod& pod);

// "/kubepods/burstable/pod<uid>" below `root` ("/kubepods").
std::string pod_cgroup(const std::string& root, const core::Pod& pod);
// `processes_max`: of one pod; -1: no bound. `cpu_quota`: limits of processor time hold.
CgroupLimits pod_cgroup_limits(const core::Pod& pod, int64_t processes_max = -1, bool cpu_quota = true);

// "2Mi" as the kernel's control groups have it: "2MB".
std::string page_size_name(std::string size);

int64_t oom_score_adjustment(const core::Pod& pod, const core::Container& container, int64_t memory_capacity_bytes);

// What a container runs with: its own, and the pod's limits of processors and memory where it has none.
core::ResourceRequirements effective_resources(const core::Pod& pod, const core::Container& container);

// Of huge pages none is had of those sizes that are not asked for.
api::cri::LinuxContainerResources container_resources(const core::Pod& pod, const core::Container& container,
                                                      const ContainerRules& rules);

}  // namespace kubelet
