// When this node runs low on something: signals, and the amounts below which they count. Pure.
// Rules: the Kubernetes documentation, "Node-pressure Eviction".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"

namespace kubelet {

enum class Signal : uint8_t {
  MemoryAvailable,
  AllocatableMemoryAvailable,
  NodeFsAvailable,
  NodeFsInodesFree,
  ImageFsAvailable,
  ImageFsInodesFree,
  ContainerFsAvailable,
  ContainerFsInodesFree,
  PidAvailable,
};
std::string_view signal_name(Signal signal);         // "memory.available"
std::string_view starved_resource(Signal signal);    // "memory", "ephemeral-storage", "inodes", "pids"
std::string_view pressure_condition(Signal signal);  // "MemoryPressure", "DiskPressure", "PIDPressure"

// An amount, or a share of the capacity.
struct Limit {
  base::Quantity amount;
  double share = 0;  // 0 to 1; counts when it is not 0

  base::Quantity of(const base::Quantity& capacity) const;
  bool operator==(const Limit&) const = default;
};

struct Threshold {
  Signal signal = Signal::MemoryAvailable;
  Limit limit;
  int64_t grace_ns = 0;          // it has to hold that long; 0: a hard one
  std::optional<Limit> reclaim;  // this much more is to be got back

  bool is_hard() const { return grace_ns == 0; }
  bool operator==(const Threshold&) const = default;
};

using Words = std::map<std::string, std::string, std::less<>>;

// As the configuration has them: signal to amount ("100Mi", "10%") or time ("1m30s").
struct ThresholdWords {
  Words hard, soft, soft_grace_period, minimum_reclaim;
  bool enforce_pods = true;  // pods are held to the node's allocatable: memory there has a threshold of its own
};
// BadRequest in upstream's words.
base::Result<std::vector<Threshold>> parse_thresholds(const ThresholdWords& words);
// Upstream's hard ones: 100Mi of memory, 10% of the node's disk, 15% of that of images, 5% of their inodes.
const Words& default_hard_thresholds();
std::vector<Threshold> default_thresholds();

// The flag's form: "memory.available<100Mi,nodefs.available<10%". BadRequest without '<'.
base::Result<Words> parse_threshold_flag(std::string_view text);

struct EvictionOptions {
  std::vector<Threshold> thresholds = default_thresholds();
  int64_t transition_ns = 300'000'000'000;  // a condition that was seen holds this long
  int64_t pod_grace_seconds_max = 0;        // of soft evictions
  bool local_storage = true;                // limits of local ephemeral storage are kept
};

}  // namespace kubelet
