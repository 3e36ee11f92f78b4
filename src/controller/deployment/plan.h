// What a deployment should do next: pure. One step at a time; what the step changes brings the next one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/deployment/rollout.h"

namespace controller::deployment {

struct Snapshot {
  const Deployment& deployment;
  Sets sets;
  bool old_pods_remain = false;  // of old sets, not yet terminal; looked at for Recreate only
  base::Time now;
};

// A set with a new size or new annotations.
struct Change {
  ReplicaSet set;
  int32_t from = 0;  // its size before
};

struct Plan {
  std::optional<ReplicaSet> create;  // the set of a new template
  std::vector<Change> changes;
  std::vector<SetPointer> remove;       // beyond the history limit
  std::optional<std::string> revision;  // the deployment's annotation, when it should change
};

Plan plan(const Snapshot& snapshot);

// The status as the sets are now. `created` names a set that was just made, `create_failure` says why one was not.
struct Happened {
  std::string created;
  std::string failed;  // the name of a set that could not be made
  std::string failure;
};
api::apps_v1::DeploymentStatus status_of(const Snapshot& snapshot, const Happened& happened = {});

// When the progress deadline passes; zero when nothing waits for it.
base::Time deadline(const Deployment& deployment, const api::apps_v1::DeploymentStatus& status);

}  // namespace controller::deployment
