// /metrics/cadvisor: machine, control groups and networks in the names and labels that dashboards know from cAdvisor.
// Pure.
#pragma once

#include <string>

#include "kubelet/node/machine.h"
#include "kubelet/server/measure.h"

namespace kubelet {

std::string cadvisor_metrics(const NodeSample& sample, const Machine& machine);

}  // namespace kubelet
