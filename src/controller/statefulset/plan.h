// What a stateful set should do next: pure. Pods have ordinals; unless the set is Parallel they are made one after the
// other, each when the ones before it are ready, and removed in the opposite order.
#pragma once

#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "controller/common/pods.h"

namespace controller::statefulset {

using api::apps_v1::StatefulSet;

struct Snapshot {
  const StatefulSet& set;
  std::vector<PodPointer> pods;  // its own
  std::string current_revision;  // names of controller revisions: what pods are still of,
  std::string update_revision;   // and what they become
  base::Time now;
};

struct Creation {
  int32_t ordinal = 0;
  bool updated = false;  // from the update revision, else from the current one
};

struct Plan {
  std::vector<Creation> create;
  std::vector<PodPointer> remove;
  std::vector<PodPointer> ended;  // of these, those that ended by themselves: an event tells
};

Plan plan(const Snapshot& snapshot);
// Says so when a rollout is complete: the current revision becomes the update revision.
api::apps_v1::StatefulSetStatus status_of(const Snapshot& snapshot);

// The ordinal in a pod's name, -1 when the name is not the set's.
int32_t ordinal_of(const StatefulSet& set, const api::core_v1::Pod& pod);
// Whether the set has a pod of that ordinal, by its size.
bool is_in_range(const StatefulSet& set, int32_t ordinal);
api::core_v1::Pod make_pod(const StatefulSet& set, const api::core_v1::PodTemplateSpec& template_, int32_t ordinal,
                           const std::string& revision);

}  // namespace controller::statefulset
