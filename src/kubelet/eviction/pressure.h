// Which thresholds are met, since when, and what the node's conditions therefore are. Pure but for its memory of what
// it saw before; time comes from outside. One loop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kubelet/eviction/threshold.h"

namespace kubelet {

struct Observation {
  base::Quantity available, capacity;
};
using Observations = std::map<Signal, Observation>;  // what cannot be observed is not in it

// The thresholds that `seen` falls below. `with_reclaim`: by their minimum reclaim more.
std::vector<Threshold> thresholds_met(const std::vector<Threshold>& thresholds, const Observations& seen,
                                      bool with_reclaim);

class Pressure {
 public:
  explicit Pressure(const EvictionOptions& options) : options_(options) {}  // borrowed

  void look(const Observations& seen, int64_t now_ns);

  // Met for as long as they ask for, those of memory first. Something has to be done about the first.
  const std::vector<Threshold>& due() const { return due_; }
  // "MemoryPressure": met, or met less than the transition period ago.
  const std::set<std::string>& conditions() const { return conditions_; }

 private:
  const EvictionOptions& options_;
  std::vector<Threshold> met_, due_;
  std::map<size_t, int64_t> met_since_ns_;  // by place in the options
  std::map<std::string, int64_t> condition_seen_ns_;
  std::set<std::string> conditions_;
};

}  // namespace kubelet
