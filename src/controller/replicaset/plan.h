// What a replica set should do: pure. Replication controllers go through the same, seen as replica sets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "controller/common/pods.h"

namespace controller::replicaset {

// Creations and deletions at most in one go.
inline constexpr size_t kBurst = 500;

struct Plan {
  size_t create = 0;
  std::vector<PodPointer> remove;
};

// `pods` are the set's own. `neighbours` counts by node the active pods of the sets that share the set's owner, its own
// included: of two equal pods the one on the fuller node goes.
Plan plan(const api::apps_v1::ReplicaSet& set, const std::vector<PodPointer>& pods,
          const std::map<std::string, int>& neighbours, base::Time now);

// What went wrong while carrying out a plan.
struct Failure {
  std::string reason;  // FailedCreate, FailedDelete
  std::string message;
};

api::apps_v1::ReplicaSetStatus status_of(const api::apps_v1::ReplicaSet& set, const std::vector<PodPointer>& pods,
                                         const std::optional<Failure>& failure, base::Time now);

// When the next pod that is ready becomes available; zero if none waits for that.
base::Time next_available(const api::apps_v1::ReplicaSet& set, const std::vector<PodPointer>& pods, base::Time now);

}  // namespace controller::replicaset
