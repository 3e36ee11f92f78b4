#include <algorithm>

#include "base/strings.h"
#include "controller/common/ownership.h"
#include "controller/deployment/plan.h"

namespace controller::deployment {
namespace {

using api::apps_v1::DeploymentCondition;
using api::apps_v1::DeploymentStatus;

bool has_deadline(const Deployment& deployment) {
  return deployment.spec.progress_deadline_seconds && *deployment.spec.progress_deadline_seconds != INT32_MAX;
}

DeploymentCondition* find(DeploymentStatus& status, std::string_view type) {
  auto found = std::find_if(status.conditions.begin(), status.conditions.end(),
                            [&](const auto& one) { return one.type == type; });
  return found == status.conditions.end() ? nullptr : &*found;
}

void remove(DeploymentStatus& status, std::string_view type) {
  std::erase_if(status.conditions, [&](const auto& one) { return one.type == type; });
}

// A condition that says the same already is left alone, unless `renew`: then its update time moves.
void set(DeploymentStatus& status, std::string_view type, std::string_view value, std::string_view reason,
         std::string message, base::Time now, bool renew = false) {
  DeploymentCondition condition;
  condition.type = type;
  condition.status = value;
  condition.last_update_time = condition.last_transition_time = now;
  condition.reason = reason;
  condition.message = std::move(message);
  if (const DeploymentCondition* before = find(status, type)) {
    if (before->status == value && before->reason == reason && !renew) return;
    if (before->status == value) condition.last_transition_time = before->last_transition_time;
  }
  remove(status, type);
  status.conditions.push_back(std::move(condition));
}

bool is_complete(const Deployment& deployment, const DeploymentStatus& status) {
  int32_t size = size_of(deployment);
  return status.updated_replicas == size && status.replicas == size && status.available_replicas == size &&
         status.observed_generation >= deployment.metadata.generation;
}

bool has_progressed(const DeploymentStatus& before, const DeploymentStatus& now) {
  return now.updated_replicas > before.updated_replicas ||
         now.replicas - now.updated_replicas < before.replicas - before.updated_replicas ||
         now.ready_replicas > before.ready_replicas || now.available_replicas > before.available_replicas;
}

// Where the progress condition stands in a deployment that has a deadline.
void judge_progress(const Snapshot& snapshot, const Happened& happened, DeploymentStatus& status) {
  const Deployment& deployment = snapshot.deployment;
  const SetPointer& current = snapshot.sets.current;
  DeploymentCondition* progress = find(status, "Progressing");
  bool timed_out = progress != nullptr && progress->reason == "ProgressDeadlineExceeded";
  if (!timed_out) {
    bool says_paused = progress != nullptr && progress->reason == "DeploymentPaused";
    if (deployment.spec.paused && !says_paused) {
      set(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", snapshot.now);
    } else if (!deployment.spec.paused && says_paused) {
      set(status, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", snapshot.now);
    }
  }
  if (deployment.spec.paused) return;
  if (!happened.failed.empty()) {
    set(status, "Progressing", "False", "ReplicaSetCreateError",
        base::cat({"Failed to create new replica set \"", happened.failed, "\": ", happened.failure}), snapshot.now);
    return;
  }
  if (!happened.created.empty()) {
    set(status, "Progressing", "True", "NewReplicaSetCreated",
        base::cat({"Created new replica set \"", happened.created, "\""}), snapshot.now);
    return;
  }
  progress = find(status, "Progressing");
  if (progress == nullptr && current) {
    set(status, "Progressing", "True", "FoundNewReplicaSet",
        base::cat({"Found new replica set \"", current->metadata.name, "\""}), snapshot.now);
    progress = find(status, "Progressing");
  }
  bool was_complete =
      progress != nullptr && progress->reason == "NewReplicaSetAvailable" && status.replicas == status.updated_replicas;
  if (was_complete) return;
  std::string who = current ? base::cat({"ReplicaSet \"", current->metadata.name, "\""})
                            : base::cat({"Deployment \"", deployment.metadata.name, "\""});
  if (is_complete(deployment, status)) {
    set(status, "Progressing", "True", "NewReplicaSetAvailable", who + " has successfully progressed.", snapshot.now);
  } else if (has_progressed(deployment.status, status)) {
    set(status, "Progressing", "True", "ReplicaSetUpdated", who + " is progressing.", snapshot.now, true);
  } else {
    base::Time limit = deadline(deployment, status);
    if (!limit.is_zero() && limit < snapshot.now) {
      set(status, "Progressing", "False", "ProgressDeadlineExceeded", who + " has timed out progressing.",
          snapshot.now);
    }
  }
}

}  // namespace

base::Time deadline(const Deployment& deployment, const DeploymentStatus& status) {
  if (!has_deadline(deployment) || deployment.spec.paused) return {};
  for (const auto& condition : status.conditions) {
    if (condition.type != "Progressing") continue;
    if (condition.reason == "NewReplicaSetAvailable" || condition.reason == "ProgressDeadlineExceeded") return {};
    return {condition.last_update_time.seconds + *deployment.spec.progress_deadline_seconds, 0};
  }
  return {};
}

DeploymentStatus status_of(const Snapshot& snapshot, const Happened& happened) {
  const Deployment& deployment = snapshot.deployment;
  const Sets& sets = snapshot.sets;
  std::vector<SetPointer> all = sets.all();
  DeploymentStatus status;
  status.observed_generation = deployment.metadata.generation;
  status.collision_count = deployment.status.collision_count;
  status.conditions = deployment.status.conditions;
  int32_t terminating = 0;
  bool terminating_known = true;
  for (const SetPointer& set : all) {
    status.replicas += set->status.replicas;
    status.ready_replicas += set->status.ready_replicas;
    terminating += set->status.terminating_replicas.value_or(0);
    terminating_known &= set->status.terminating_replicas.has_value();
  }
  if (terminating_known) status.terminating_replicas = terminating;
  if (sets.current) status.updated_replicas = sets.current->status.replicas;
  status.available_replicas = total_available(all);
  status.unavailable_replicas = std::max(0, total_size(all) - status.available_replicas);

  if (status.available_replicas >= size_of(deployment) - max_unavailable(deployment)) {
    set(status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", snapshot.now);
  } else {
    set(status, "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.",
        snapshot.now);
  }
  if (has_deadline(deployment)) {
    judge_progress(snapshot, happened, status);
  } else {
    remove(status, "Progressing");
  }
  // The current set's failure says most, then that of the newest.
  std::reverse(all.begin(), all.end());
  const api::apps_v1::ReplicaSetCondition* failure = nullptr;
  for (const SetPointer& set : all) {
    for (const auto& condition : set->status.conditions) {
      if (condition.type == "ReplicaFailure" && failure == nullptr) failure = &condition;
    }
  }
  if (failure != nullptr) {
    set(status, "ReplicaFailure", failure->status, failure->reason, failure->message, snapshot.now);
  } else {
    remove(status, "ReplicaFailure");
  }
  return status;
}

}  // namespace controller::deployment
