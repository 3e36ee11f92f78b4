// /stats/summary: what node, pods and containers use, in the form of upstream's stats v1alpha1. Pure.
#pragma once

#include <string>

#include "kubelet/server/measure.h"

namespace kubelet {

struct SummaryOptions {
  std::string node_name;
  uint64_t memory_capacity_bytes = 0;
  bool only_cpu_and_memory = false;
};

std::string summary_json(const NodeSample& sample, const SummaryOptions& options);

}  // namespace kubelet
