// /metrics/resource: what node, pods and containers use, for metrics-server and `kubectl top`. Names and labels are
// upstream's. Pure.
#pragma once

#include <string>

#include "kubelet/server/measure.h"

namespace kubelet {

std::string resource_metrics(const NodeSample& sample);

}  // namespace kubelet
