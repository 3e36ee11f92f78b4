#include "controller/statefulset/plan.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "controller/common/int_or_percent.h"
#include "controller/common/ownership.h"
#include "controller/common/revisions.h"

namespace controller::statefulset {
namespace {

using api::core_v1::Pod;

constexpr std::string_view kPodName = "statefulset.kubernetes.io/pod-name";
constexpr std::string_view kPodIndex = "apps.kubernetes.io/pod-index";

int32_t size_of(const StatefulSet& set) {
  return set.spec.replicas.value_or(1);
}
int32_t first_of(const StatefulSet& set) {
  return set.spec.ordinals ? set.spec.ordinals->start : 0;
}

std::string revision_of(const Pod& pod) {
  auto revision = pod.metadata.labels.find(kRevisionHash);
  return revision == pod.metadata.labels.end() ? "" : revision->second;
}

// Pods below the partition keep the current revision.
int32_t partition_of(const StatefulSet& set) {
  const auto& rolling = set.spec.update_strategy.rolling_update;
  return rolling ? rolling->partition.value_or(0) : 0;
}

bool is_healthy(const Pod& pod) {
  return pod.status.phase == "Running" && is_ready(pod) && !is_being_deleted(pod.metadata);
}

struct Sorted {
  std::map<int32_t, PodPointer> wanted;     // by ordinal
  std::map<int32_t, PodPointer> condemned;  // beyond the size
};

Sorted sort_out(const Snapshot& snapshot) {
  Sorted sorted;
  for (const PodPointer& pod : snapshot.pods) {
    int32_t ordinal = ordinal_of(snapshot.set, *pod);
    if (ordinal < 0) continue;
    (is_in_range(snapshot.set, ordinal) ? sorted.wanted : sorted.condemned)[ordinal] = pod;
  }
  return sorted;
}

bool is_unhealthy(const Snapshot& snapshot, const Pod& pod) {
  return !is_healthy(pod) || !is_available(pod, snapshot.set.spec.min_ready_seconds, snapshot.now);
}

// The lowest, of those that are wanted before those that are not; null when all work.
const Pod* first_unhealthy_of(const Snapshot& snapshot, const Sorted& sorted) {
  for (const auto* pods : {&sorted.wanted, &sorted.condemned}) {
    for (const auto& [ordinal, pod] : *pods) {
      if (is_unhealthy(snapshot, *pod)) return pod.get();
    }
  }
  return nullptr;
}

// Whether a pod that is made now is of the update revision: those below the partition, and those a rollout has not
// reached, come back as they were.
bool is_updated_ordinal(const Snapshot& snapshot, int32_t ordinal) {
  const auto& strategy = snapshot.set.spec.update_strategy;
  if (snapshot.current_revision == snapshot.update_revision || strategy.type == "OnDelete") return true;
  int32_t kept = strategy.rolling_update ? partition_of(snapshot.set) : snapshot.set.status.current_replicas;
  return ordinal >= first_of(snapshot.set) + kept;
}

}  // namespace

int32_t ordinal_of(const StatefulSet& set, const Pod& pod) {
  std::string_view name = pod.metadata.name;
  if (!name.starts_with(set.metadata.name) || name.size() <= set.metadata.name.size() + 1 ||
      name[set.metadata.name.size()] != '-')
    return -1;
  auto ordinal = base::parse_int(name.substr(set.metadata.name.size() + 1));
  return ordinal && *ordinal >= 0 && *ordinal <= INT32_MAX ? static_cast<int32_t>(*ordinal) : -1;
}

bool is_in_range(const StatefulSet& set, int32_t ordinal) {
  return ordinal >= first_of(set) && ordinal < first_of(set) + size_of(set);
}

Plan plan(const Snapshot& snapshot) {
  Plan plan;
  if (is_being_deleted(snapshot.set.metadata)) return plan;
  const StatefulSet& set = snapshot.set;
  bool ordered = set.spec.pod_management_policy != "Parallel";
  Sorted sorted = sort_out(snapshot);
  int32_t first = first_of(set), end = first + size_of(set);
  const Pod* first_unhealthy = first_unhealthy_of(snapshot, sorted);
  const Pod* broken = nullptr;  // by the revision it has

  for (int32_t ordinal = first; ordinal < end; ordinal++) {
    auto found = sorted.wanted.find(ordinal);
    if (found == sorted.wanted.end()) {
      plan.create.push_back({ordinal, is_updated_ordinal(snapshot, ordinal)});
      if (ordered) return plan;
      continue;
    }
    const PodPointer& pod = found->second;
    if (is_terminal(*pod) && !is_being_deleted(pod->metadata)) {
      plan.remove.push_back(pod);
      plan.ended.push_back(pod);
      if (ordered) return plan;
      continue;
    }
    // The ones after it wait for it.
    if (ordered && is_unhealthy(snapshot, *pod)) {
      bool broken_old = !is_being_deleted(pod->metadata) && revision_of(*pod) != snapshot.update_revision &&
                        set.spec.update_strategy.type != "OnDelete" && ordinal >= first + partition_of(set) &&
                        !is_ready(*pod) && pod->status.phase == "Running";
      // A pod that does not work may be what the update mends: below, the update looks at it when it is its turn.
      if (!broken_old) return plan;
      broken = pod.get();
      break;
    }
  }
  if (!plan.create.empty() || !plan.remove.empty()) return plan;

  // Too many: from the top, one at a time when in order.
  for (auto one = sorted.condemned.rbegin(); one != sorted.condemned.rend(); ++one) {
    const PodPointer& pod = one->second;
    if (is_being_deleted(pod->metadata)) {
      if (ordered) return plan;
      continue;
    }
    // One that does not work goes only when those below it do: nobody knows what is lost with it.
    if (ordered && pod.get() != first_unhealthy && is_unhealthy(snapshot, *pod)) return plan;
    plan.remove.push_back(pod);
    if (ordered) return plan;
  }
  if (!plan.remove.empty() || set.spec.update_strategy.type == "OnDelete") return plan;

  // The rollout: from the top down to the partition, each when the one above it works.
  for (int32_t ordinal = end - 1; ordinal >= first + partition_of(set); ordinal--) {
    auto found = sorted.wanted.find(ordinal);
    if (found == sorted.wanted.end()) return plan;
    const PodPointer& pod = found->second;
    if (revision_of(*pod) != snapshot.update_revision && !is_being_deleted(pod->metadata)) {
      if (broken == nullptr || broken == pod.get()) plan.remove.push_back(pod);
      return plan;
    }
    if (is_unhealthy(snapshot, *pod)) return plan;
  }
  return plan;
}

api::apps_v1::StatefulSetStatus status_of(const Snapshot& snapshot) {
  api::apps_v1::StatefulSetStatus status = snapshot.set.status;
  status.observed_generation = snapshot.set.metadata.generation;
  status.replicas = status.ready_replicas = status.available_replicas = status.current_replicas =
      status.updated_replicas = 0;
  status.current_revision = snapshot.current_revision;
  status.update_revision = snapshot.update_revision;
  if (!status.collision_count) status.collision_count = 0;
  for (const PodPointer& pod : snapshot.pods) {
    if (ordinal_of(snapshot.set, *pod) < 0) continue;
    status.replicas++;
    if (pod->status.phase == "Running" && is_ready(*pod)) {
      status.ready_replicas++;
      if (is_available(*pod, snapshot.set.spec.min_ready_seconds, snapshot.now)) status.available_replicas++;
    }
    if (is_being_deleted(pod->metadata)) continue;
    if (revision_of(*pod) == snapshot.current_revision) status.current_replicas++;
    if (revision_of(*pod) == snapshot.update_revision) status.updated_replicas++;
  }
  bool rolled_out = snapshot.set.spec.update_strategy.type != "OnDelete" &&
                    status.updated_replicas == status.replicas && status.ready_replicas == status.replicas &&
                    status.replicas == size_of(snapshot.set);
  if (rolled_out) {
    status.current_revision = status.update_revision;
    status.current_replicas = status.updated_replicas;
  }
  return status;
}

Pod make_pod(const StatefulSet& set, const api::core_v1::PodTemplateSpec& template_, int32_t ordinal,
             const std::string& revision) {
  Pod pod = pod_from_template(template_, StatefulSet::kType, set.metadata);
  std::string number = std::to_string(ordinal);
  pod.metadata.generate_name.clear();
  pod.metadata.name = base::cat({set.metadata.name, "-", number});
  pod.metadata.labels[std::string(kPodName)] = pod.metadata.name;
  pod.metadata.labels[std::string(kPodIndex)] = number;
  pod.metadata.labels[std::string(kRevisionHash)] = revision;
  pod.spec.hostname = pod.metadata.name;
  pod.spec.subdomain = set.spec.service_name;
  for (const auto& wanted : set.spec.volume_claim_templates) {
    std::erase_if(pod.spec.volumes, [&](const auto& volume) { return volume.name == wanted.metadata.name; });
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = wanted.metadata.name;
    volume.persistent_volume_claim.emplace().claim_name = base::cat({wanted.metadata.name, "-", pod.metadata.name});
  }
  return pod;
}

}  // namespace controller::statefulset
