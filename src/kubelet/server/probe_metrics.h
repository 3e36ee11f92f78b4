// /metrics/probes: how the probes of this node's pods went. Pure. Names and labels are upstream's.
#pragma once

#include <string>
#include <vector>

#include "kubelet/probe/probes.h"

namespace kubelet {

struct ProbedPod {
  const core::Pod& pod;
  const ProbeCountsByContainer& counts;
};
std::string probe_metrics(const std::vector<ProbedPod>& pods);

}  // namespace kubelet
