#include "controller/podautoscaler/behavior.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace controller::autoscaling {
namespace {

using api::autoscaling_v2::HorizontalPodAutoscalerBehavior;
using api::autoscaling_v2::HPAScalingRules;
using Entries = std::vector<History::Entry>;

constexpr int64_t kRememberedSeconds = 3600;  // the longest window and the longest period that may be asked for

constexpr std::string_view kDownStabilized =
    "recent recommendations were higher than current one, applying the highest recent recommendation";
constexpr std::string_view kUpStabilized =
    "recent recommendations were lower than current one, applying the lowest recent recommendation";
constexpr Notice kReady = {true, "ReadyForNewScale", "recommended size matches current size"};
constexpr Notice kWithin = {false, "DesiredWithinRange", "the desired count is within the acceptable range"};
constexpr Notice kTooMany = {true, "TooManyReplicas",
                             "the desired replica count is more than the maximum replica count"};
constexpr Notice kTooFew = {true, "TooFewReplicas", "the desired replica count is less than the minimum replica count"};
constexpr Notice kUpLimit = {true, "ScaleUpLimit",
                             "the desired replica count is increasing faster than the maximum scale rate"};
constexpr Notice kDownLimit = {true, "ScaleDownLimit",
                               "the desired replica count is decreasing faster than the maximum scale rate"};

void forget_old(Entries& entries, base::Time now) {
  std::erase_if(entries,
                [&](const History::Entry& entry) { return entry.at.seconds + kRememberedSeconds < now.seconds; });
}

int64_t sum_within(const Entries& entries, int64_t seconds, base::Time now) {
  int64_t sum = 0;
  for (const auto& entry : entries) {
    if (entry.at.seconds > now.seconds - seconds) sum += entry.pods;
  }
  return sum;
}

// The size that the rules let a growing workload have.
int64_t ceiling(const History& history, const HPAScalingRules& rules, int32_t current, base::Time now) {
  if (rules.select_policy == "Disabled") return current;
  bool least = rules.select_policy == "Min";
  int64_t result = least ? std::numeric_limits<int32_t>::max() : 0;
  for (const auto& policy : rules.policies) {
    int64_t before = current - sum_within(history.added, policy.period_seconds, now) +
                     sum_within(history.removed, policy.period_seconds, now);
    // Rounded up, or a small workload would never grow.
    int64_t allowed = policy.type == "Pods"
                          ? before + policy.value
                          : static_cast<int64_t>(std::ceil(static_cast<double>(before) * (1 + policy.value / 100.0)));
    result = least ? std::min(result, allowed) : std::max(result, allowed);
  }
  return std::max<int64_t>(result, current);
}

// And a shrinking one.
int64_t floor_of(const History& history, const HPAScalingRules& rules, int32_t current, base::Time now) {
  if (rules.select_policy == "Disabled") return current;
  bool least = rules.select_policy == "Min";  // the smallest change keeps the most
  int64_t result = least ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int32_t>::max();
  for (const auto& policy : rules.policies) {
    int64_t before = current - sum_within(history.added, policy.period_seconds, now) +
                     sum_within(history.removed, policy.period_seconds, now);
    int64_t allowed = policy.type == "Pods"
                          ? before - policy.value
                          : static_cast<int64_t>(static_cast<double>(before) * (1 - policy.value / 100.0));
    result = least ? std::max(result, allowed) : std::min(result, allowed);
  }
  return std::min<int64_t>(result, current);
}

Settled settle_by_default(History& history, Bounds bounds, int32_t current, int32_t desired, int64_t downscale_seconds,
                          base::Time now) {
  Settled settled{.replicas = desired, .able = kReady, .limited = kWithin};
  for (const auto& entry : history.recommendations) {
    if (entry.at.seconds >= now.seconds - downscale_seconds) settled.replicas = std::max(settled.replicas, entry.pods);
  }
  history.recommendations.push_back({desired, now});
  if (settled.replicas != desired) settled.able = {true, "ScaleDownStabilized", kDownStabilized};
  int32_t rate = static_cast<int32_t>(std::max<int64_t>(2 * int64_t{current}, 4));
  int32_t most = std::min(bounds.max, rate);
  if (settled.replicas < bounds.min) {
    settled.replicas = bounds.min;
    settled.limited = kTooFew;
  } else if (settled.replicas > most) {
    settled.replicas = most;
    settled.limited = bounds.max > rate ? kUpLimit : kTooMany;
  }
  return settled;
}

}  // namespace

void History::note_scaled(int32_t from, int32_t to, base::Time now) {
  if (to > from) added.push_back({to - from, now});
  if (to < from) removed.push_back({from - to, now});
}

Settled settle(History& history, const HorizontalPodAutoscalerBehavior* behavior, Bounds bounds, int32_t current,
               int32_t desired, int64_t downscale_seconds, base::Time now) {
  for (Entries* entries : {&history.recommendations, &history.added, &history.removed}) forget_old(*entries, now);
  if (behavior == nullptr || !behavior->scale_up || !behavior->scale_down)
    return settle_by_default(history, bounds, current, desired, downscale_seconds, now);
  const HPAScalingRules& up = *behavior->scale_up;
  const HPAScalingRules& down = *behavior->scale_down;
  int64_t up_from = now.seconds - up.stabilization_window_seconds.value_or(0);
  int64_t down_from = now.seconds - down.stabilization_window_seconds.value_or(static_cast<int32_t>(downscale_seconds));
  int32_t lowest = desired, highest = desired;
  for (const auto& entry : history.recommendations) {
    if (entry.at.seconds > up_from) lowest = std::min(lowest, entry.pods);
    if (entry.at.seconds > down_from) highest = std::max(highest, entry.pods);
  }
  history.recommendations.push_back({desired, now});
  Settled settled{.replicas = std::min(std::max(current, lowest), highest), .able = kReady, .limited = kWithin};
  if (settled.replicas != desired) {
    settled.able = desired >= current ? Notice{true, "ScaleUpStabilized", kUpStabilized}
                                      : Notice{true, "ScaleDownStabilized", kDownStabilized};
  }
  if (settled.replicas > current) {
    int64_t rate = ceiling(history, up, current, now);
    int64_t most = std::min<int64_t>(bounds.max, rate);
    if (settled.replicas > most) {
      settled.replicas = static_cast<int32_t>(most);
      settled.limited = bounds.max > rate ? kUpLimit : kTooMany;
    }
  } else if (settled.replicas < current) {
    int64_t rate = floor_of(history, down, current, now);
    int64_t fewest = std::max<int64_t>(bounds.min, rate);
    if (settled.replicas < fewest) {
      settled.replicas = static_cast<int32_t>(fewest);
      settled.limited = bounds.min < rate ? kDownLimit : kTooFew;
    }
  }
  return settled;
}

}  // namespace controller::autoscaling
