// /metrics/resource: what containers, pods and the node use, for metrics-server and so for `kubectl top`. Names as upstream's.
#pragma once

#include <cstdint>
#include <string>

#include "kubelet/cgroup/cgroups.h"
#include "kubelet/pods/pods.h"

namespace kubelet {

// `base` is the group of all pods: "/kubepods". Blocking, but only small reads from memory.
std::string resource_metrics(const Pods& pods, const Cgroups& cgroups, const std::string& base, int64_t now_ns);

}  // namespace kubelet
