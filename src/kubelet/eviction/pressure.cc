#include "kubelet/eviction/pressure.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace kubelet {
namespace {

bool is_of_memory(const Threshold& threshold) {
  return threshold.signal == Signal::MemoryAvailable || threshold.signal == Signal::AllocatableMemoryAvailable;
}

}  // namespace

std::vector<Threshold> thresholds_met(const std::vector<Threshold>& thresholds, const Observations& seen,
                                      bool with_reclaim) {
  std::vector<Threshold> out;
  for (const auto& threshold : thresholds) {
    auto found = seen.find(threshold.signal);
    if (found == seen.end()) continue;
    auto least = threshold.limit.of(found->second.capacity);
    if (with_reclaim && threshold.reclaim) least += threshold.reclaim->of(found->second.capacity);
    if (least > found->second.available) out.push_back(threshold);
  }
  return out;
}

void Pressure::look(const Observations& seen, int64_t now_ns) {
  auto met = thresholds_met(options_.thresholds, seen, false);
  // One that was met stays so until the minimum reclaim has been got back too.
  for (const auto& unresolved : thresholds_met(met_, seen, true))
    if (std::ranges::find(met, unresolved) == met.end()) met.push_back(unresolved);
  met_ = std::move(met);

  due_.clear();
  for (size_t i = 0; i < options_.thresholds.size(); ++i) {
    const auto& threshold = options_.thresholds[i];
    if (std::ranges::find(met_, threshold) == met_.end()) {
      met_since_ns_.erase(i);
      continue;
    }
    int64_t since = met_since_ns_.try_emplace(i, now_ns).first->second;
    condition_seen_ns_[std::string(pressure_condition(threshold.signal))] = now_ns;
    if (now_ns - since >= threshold.grace_ns) due_.push_back(threshold);
  }
  // Without memory nothing else can be done about.
  std::vector<Threshold> others;
  std::ranges::copy_if(due_, std::back_inserter(others), std::not_fn(is_of_memory));
  std::erase_if(due_, std::not_fn(is_of_memory));
  std::ranges::move(others, std::back_inserter(due_));

  std::erase_if(condition_seen_ns_,
                [&](const auto& one) { return one.second != now_ns && now_ns - one.second >= options_.transition_ns; });
  conditions_.clear();
  for (const auto& [condition, seen_ns] : condition_seen_ns_) conditions_.insert(condition);
}

}  // namespace kubelet
