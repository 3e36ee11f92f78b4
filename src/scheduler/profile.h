// How the pods that name one scheduler are placed: which plugins judge them, what counts how much, and what else the
// plugins are told. A KubeSchedulerConfiguration has one or more of them; main/part/scheduler_profiles reads them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "io/loop.h"
#include "scheduler/core/preemption.h"
#include "scheduler/plugin/inter_pod_affinity/inter_pod_affinity.h"
#include "scheduler/plugin/node_resources/fit.h"
#include "scheduler/plugin/pod_topology_spread/pod_topology_spread.h"

namespace scheduler {

struct PluginUse {
  bool filters = true;
  std::optional<int64_t> weight;  // of its score; absent: its own, 0: it does not score
};

struct Profile {
  std::string name = "default-scheduler";  // pods with this spec.schedulerName
  int nodes_share = 0;                     // see Placer
  // By the name of the plugin; those without an entry are not used. Absent: all, as they come.
  std::optional<std::map<std::string, PluginUse, std::less<>>> plugins;
  bool preempts = true;
  bool heeds_gates = true;  // pods with scheduling gates wait

  PreemptionSettings preemption;
  FitSettings fit;
  std::vector<WeighedResource> balanced = kCpuAndMemory;
  InterPodAffinitySettings pod_affinity;
  api::core_v1::NodeAffinity added_affinity;
  DefaultConstraints default_constraints;
  io::Duration volume_timeout = std::chrono::seconds(600);
  io::Duration devices_ready_within = std::chrono::seconds(600);
};

}  // namespace scheduler
