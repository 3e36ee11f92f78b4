#include "controller/deployment/plan.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "controller/common/ownership.h"

namespace controller::deployment {
namespace {

// Collects the changed sets; one is changed at most once.
class Resizer {
 public:
  Resizer(const Deployment& deployment, Plan& plan) : deployment_(deployment), plan_(plan) {}

  // True if the set's size changes.
  bool resize(const SetPointer& set, int32_t size) {
    if (size_of(*set) == size) return false;
    Change& change = change_of(set);
    change.set.spec.replicas = size;
    annotate_sizes(change.set, size_of(deployment_), size_of(deployment_) + max_surge(deployment_));
    return true;
  }
  Change& change_of(const SetPointer& set) {
    for (Change& change : plan_.changes) {
      if (change.set.metadata.uid == set->metadata.uid) return change;
    }
    return plan_.changes.emplace_back(Change{*set, size_of(*set)});
  }

 private:
  const Deployment& deployment_;
  Plan& plan_;
};

bool is_complete(const Deployment& deployment, const api::apps_v1::DeploymentStatus& status) {
  int32_t size = size_of(deployment);
  return status.updated_replicas == size && status.replicas == size && status.available_replicas == size &&
         status.observed_generation >= deployment.metadata.generation;
}

std::vector<SetPointer> active(const std::vector<SetPointer>& sets) {
  std::vector<SetPointer> some;
  std::copy_if(sets.begin(), sets.end(), std::back_inserter(some),
               [](const SetPointer& set) { return size_of(*set) > 0; });
  return some;
}

// Somebody changed the deployment's size: the sets still carry the one they were sized for.
bool was_resized(const Snapshot& snapshot) {
  for (const SetPointer& set : active(snapshot.sets.all())) {
    auto desired = set->metadata.annotations.find(kDesiredReplicas);
    if (desired == set->metadata.annotations.end()) continue;
    if (base::parse_int(desired->second) != int64_t{size_of(snapshot.deployment)}) return true;
  }
  return false;
}

bool is_saturated(const Deployment& deployment, const SetPointer& current) {
  if (!current) return false;
  auto desired = current->metadata.annotations.find(kDesiredReplicas);
  int32_t size = size_of(deployment);
  return size_of(*current) == size && current->status.available_replicas == size &&
         desired != current->metadata.annotations.end() && desired->second == std::to_string(size);
}

// The set's share of a resize: as its size is to the whole.
int32_t share(const Deployment& deployment, const ReplicaSet& set, int32_t to_add, int32_t added) {
  if (size_of(set) == 0 || to_add == added) return 0;
  int32_t wanted;
  if (size_of(deployment) == 0) {
    wanted = -size_of(set);
  } else {
    auto annotated = set.metadata.annotations.find(kMaxReplicas);
    int64_t whole = annotated == set.metadata.annotations.end() ? 0 : base::parse_int(annotated->second).value_or(0);
    if (whole <= 0) whole = deployment.status.replicas;
    if (whole <= 0) return 0;
    double scaled =
        static_cast<double>(size_of(set)) * (size_of(deployment) + max_surge(deployment)) / static_cast<double>(whole);
    wanted = static_cast<int32_t>(std::lround(scaled)) - size_of(set);
  }
  return to_add > 0 ? std::min(wanted, to_add - added) : std::max(wanted, to_add - added);
}

void resize_proportionally(const Snapshot& snapshot, Plan& plan, Resizer& resizer) {
  const Deployment& deployment = snapshot.deployment;
  std::vector<SetPointer> sets = active(snapshot.sets.all());
  int32_t allowed = size_of(deployment) > 0 ? size_of(deployment) + max_surge(deployment) : 0;
  int32_t to_add = allowed - total_size(sets);
  // The largest first; of equals the newest grows and the oldest shrinks.
  std::sort(sets.begin(), sets.end(), [&](const SetPointer& a, const SetPointer& b) {
    if (size_of(*a) != size_of(*b)) return size_of(*a) > size_of(*b);
    auto order = std::tie(a->metadata.creation_timestamp, a->metadata.name) <=>
                 std::tie(b->metadata.creation_timestamp, b->metadata.name);
    return to_add > 0 ? order > 0 : order < 0;
  });
  std::vector<int32_t> sizes;
  int32_t added = 0;
  for (const SetPointer& set : sets) {
    int32_t part = to_add == 0 ? 0 : share(deployment, *set, to_add, added);
    sizes.push_back(size_of(*set) + part);
    added += part;
  }
  if (!sizes.empty()) sizes[0] = std::max(0, sizes[0] + to_add - added);
  for (size_t i = 0; i < sets.size(); i++) {
    if (resizer.resize(sets[i], sizes[i])) continue;
    ReplicaSet annotated = *sets[i];
    if (annotate_sizes(annotated, size_of(deployment), size_of(deployment) + max_surge(deployment))) {
      resizer.change_of(sets[i]).set = std::move(annotated);
    }
  }
}

// A resize keeps the proportions of a rollout under way; it is the whole step.
void resize(const Snapshot& snapshot, Plan& plan, Resizer& resizer) {
  std::vector<SetPointer> running = active(snapshot.sets.all());
  if (running.size() <= 1) {
    SetPointer only = !running.empty() ? running[0] : snapshot.sets.current;
    if (!only && !snapshot.sets.old.empty()) only = snapshot.sets.old.back();
    if (only) resizer.resize(only, size_of(snapshot.deployment));
  } else if (is_saturated(snapshot.deployment, snapshot.sets.current)) {
    for (const SetPointer& set : active(snapshot.sets.old)) resizer.resize(set, 0);
  } else if (is_rolling(snapshot.deployment)) {
    resize_proportionally(snapshot, plan, resizer);
  }
}

// Old sets give up pods: first those that do not work, then as many working ones as can be missed.
bool shrink_old(const Snapshot& snapshot, Resizer& resizer) {
  const Sets& sets = snapshot.sets;
  if (total_size(sets.old) == 0) return false;
  int32_t min_available = size_of(snapshot.deployment) - max_unavailable(snapshot.deployment);
  int32_t current_unavailable = size_of(*sets.current) - sets.current->status.available_replicas;
  int32_t room = total_size(sets.all()) - min_available - current_unavailable;
  if (room <= 0) return false;

  std::vector<int32_t> sizes;
  for (const SetPointer& set : sets.old) {
    int32_t broken = std::clamp(size_of(*set) - set->status.available_replicas, 0, room);
    sizes.push_back(size_of(*set) - broken);
    room -= broken;
  }
  int32_t spare = total_available(sets.all()) - min_available;
  for (size_t i = 0; i < sizes.size() && spare > 0; i++) {
    int32_t fewer = std::min(sizes[i], spare);
    sizes[i] -= fewer;
    spare -= fewer;
  }
  bool changed = false;
  for (size_t i = 0; i < sizes.size(); i++) changed |= resizer.resize(sets.old[i], sizes[i]);
  return changed;
}

void roll(const Snapshot& snapshot, Plan& plan, Resizer& resizer) {
  const Sets& sets = snapshot.sets;
  if (!sets.current) {
    plan.create = make_set(snapshot.deployment, sets);
    return;
  }
  int32_t now = size_of(*sets.current);
  int32_t size = size_of(snapshot.deployment);
  int32_t next = now > size ? size : next_current_size(snapshot.deployment, now, total_size(sets.all()));
  if (!resizer.resize(sets.current, next)) shrink_old(snapshot, resizer);
}

void recreate(const Snapshot& snapshot, Plan& plan, Resizer& resizer) {
  const Sets& sets = snapshot.sets;
  bool shrinking = false;
  for (const SetPointer& set : sets.old) shrinking |= resizer.resize(set, 0);
  if (shrinking || snapshot.old_pods_remain) return;
  if (!sets.current) {
    plan.create = make_set(snapshot.deployment, sets);
  } else {
    resizer.resize(sets.current, size_of(snapshot.deployment));
  }
}

void forget_history(const Snapshot& snapshot, Plan& plan) {
  auto limit = snapshot.deployment.spec.revision_history_limit;
  if (!limit || *limit == INT32_MAX) return;
  std::vector<SetPointer> old;
  for (const SetPointer& set : snapshot.sets.old) {
    if (!is_being_deleted(set->metadata)) old.push_back(set);
  }
  std::sort(old.begin(), old.end(), [](const SetPointer& a, const SetPointer& b) {
    return std::pair(revision_of(a->metadata), std::string_view(a->metadata.name)) <
           std::pair(revision_of(b->metadata), std::string_view(b->metadata.name));
  });
  int64_t surplus = static_cast<int64_t>(old.size()) - *limit;
  for (int64_t i = 0; i < surplus; i++) {
    const ReplicaSet& set = *old[static_cast<size_t>(i)];
    if (set.status.replicas != 0 || size_of(set) != 0 || set.metadata.generation > set.status.observed_generation)
      continue;
    plan.remove.push_back(old[static_cast<size_t>(i)]);
  }
}

}  // namespace

Plan plan(const Snapshot& snapshot) {
  Plan plan;
  const Deployment& deployment = snapshot.deployment;
  if (is_being_deleted(deployment.metadata)) return plan;
  const Sets& sets = snapshot.sets;
  Resizer resizer(deployment, plan);
  bool paused = deployment.spec.paused;

  if (paused || was_resized(snapshot)) {
    resize(snapshot, plan, resizer);
  } else if (is_rolling(deployment)) {
    roll(snapshot, plan, resizer);
  } else {
    recreate(snapshot, plan, resizer);
  }

  if (sets.current && !paused) {
    ReplicaSet annotated = *sets.current;
    bool changed = annotate(deployment, sets, annotated, false);
    if (annotated.spec.min_ready_seconds != deployment.spec.min_ready_seconds) {
      annotated.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
      changed = true;
    }
    if (changed) {
      // Annotations first: sizes follow when the set has come back.
      plan.changes.clear();
      plan.changes.push_back({std::move(annotated), size_of(*sets.current)});
    }
  }
  const ReplicaSet* newest = plan.create ? &*plan.create : sets.current.get();
  if (newest != nullptr && !paused) {
    int64_t revision = revision_of(plan.changes.size() == 1 && sets.current &&
                                           plan.changes[0].set.metadata.uid == sets.current->metadata.uid
                                       ? plan.changes[0].set.metadata
                                       : newest->metadata);
    if (revision > 0 && revision != revision_of(deployment.metadata)) plan.revision = std::to_string(revision);
  }
  bool quiet = !plan.create && plan.changes.empty();
  if (quiet && (paused || is_complete(deployment, status_of(snapshot)))) forget_history(snapshot, plan);
  return plan;
}

}  // namespace controller::deployment
