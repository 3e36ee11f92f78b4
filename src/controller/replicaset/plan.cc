#include "controller/replicaset/plan.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/strings.h"
#include "controller/common/ownership.h"
#include "controller/common/selector.h"

namespace controller::replicaset {
namespace {

using api::apps_v1::ReplicaSet;
using api::apps_v1::ReplicaSetStatus;
using api::core_v1::Pod;

int phase_rank(const Pod& pod) {
  return pod.status.phase == "Pending" ? 0 : pod.status.phase == "Unknown" ? 1 : 2;
}

int64_t deletion_cost(const Pod& pod) {
  auto cost = pod.metadata.annotations.find("controller.kubernetes.io/pod-deletion-cost");
  return cost == pod.metadata.annotations.end() ? 0 : base::parse_int(cost->second).value_or(0);
}

int restarts(const Pod& pod) {
  int most = 0;
  for (const auto& container : pod.status.container_statuses) most = std::max(most, container.restart_count);
  return most;
}

// Ages that differ by less than a factor of two count as equal, so that not always the newest go and a spread stays a
// spread.
int age_rank(base::Time moment, base::Time now) {
  if (moment.is_zero() || moment >= now) return -1;
  return std::bit_width(static_cast<uint64_t>(now.seconds - moment.seconds)) - 1;
}

struct Candidate {
  PodPointer pod;
  int neighbours = 0;
  base::Time ready_since;  // zero when not ready
  base::Time now;

  // Smaller goes first.
  auto worth() const {
    bool ready = is_ready(*pod);
    return std::tuple(!pod->spec.node_name.empty(), phase_rank(*pod), ready, deletion_cost(*pod), -neighbours,
                      ready && !ready_since.is_zero() ? age_rank(ready_since, now) : -1, -restarts(*pod),
                      age_rank(pod->metadata.creation_timestamp, now), std::string_view(pod->metadata.uid));
  }
};

int32_t wanted(const ReplicaSet& set) {
  return set.spec.replicas.value_or(1);
}

}  // namespace

Plan plan(const ReplicaSet& set, const std::vector<PodPointer>& pods, const std::map<std::string, int>& neighbours,
          base::Time now) {
  std::vector<Candidate> active;
  for (const PodPointer& pod : pods) {
    if (!is_active(*pod)) continue;
    auto count = neighbours.find(pod->spec.node_name);
    active.push_back({pod, count == neighbours.end() ? 0 : count->second, available_at(*pod, 0), now});
  }
  auto target = static_cast<size_t>(std::max(0, wanted(set)));
  if (active.size() < target) return {.create = std::min(target - active.size(), kBurst), .remove = {}};
  size_t surplus = std::min(active.size() - target, kBurst);
  Plan plan;
  if (surplus == 0) return plan;
  std::sort(active.begin(), active.end(), [](const Candidate& a, const Candidate& b) { return a.worth() < b.worth(); });
  for (size_t i = 0; i < surplus; i++) plan.remove.push_back(active[i].pod);
  return plan;
}

ReplicaSetStatus status_of(const ReplicaSet& set, const std::vector<PodPointer>& pods,
                           const std::optional<Failure>& failure, base::Time now) {
  ReplicaSetStatus status = set.status;
  status.replicas = status.fully_labeled_replicas = status.ready_replicas = status.available_replicas = 0;
  int32_t terminating = 0;
  for (const PodPointer& pod : pods) {
    if (is_terminating(*pod)) terminating++;
    if (!is_active(*pod)) continue;
    status.replicas++;
    if (includes(pod->metadata.labels, set.spec.template_.metadata.labels)) status.fully_labeled_replicas++;
    if (!is_ready(*pod)) continue;
    status.ready_replicas++;
    if (is_available(*pod, set.spec.min_ready_seconds, now)) status.available_replicas++;
  }
  status.terminating_replicas = terminating;
  status.observed_generation = set.metadata.generation;
  auto condition = std::find_if(status.conditions.begin(), status.conditions.end(),
                                [](const auto& one) { return one.type == "ReplicaFailure"; });
  bool failed = condition != status.conditions.end();
  if (failure && !failed) {
    auto& added = status.conditions.emplace_back();
    added.type = "ReplicaFailure";
    added.status = "True";
    added.last_transition_time = now;
    added.reason = failure->reason;
    added.message = failure->message;
  } else if (!failure && failed) {
    status.conditions.erase(condition);
  }
  return status;
}

base::Time next_available(const ReplicaSet& set, const std::vector<PodPointer>& pods, base::Time now) {
  base::Time next;
  for (const PodPointer& pod : pods) {
    if (!is_active(*pod)) continue;
    base::Time at = available_at(*pod, set.spec.min_ready_seconds);
    if (!at.is_zero() && at > now && (next.is_zero() || at < next)) next = at;
  }
  return next;
}

}  // namespace controller::replicaset
