// The arithmetic of a rollout: revisions, sizes, who is new and who is old. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/apps_v1.h"

namespace controller::deployment {

using api::apps_v1::Deployment;
using api::apps_v1::ReplicaSet;
using SetPointer = std::shared_ptr<const ReplicaSet>;

inline constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
inline constexpr std::string_view kRevisionHistory = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view kDesiredReplicas = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view kMaxReplicas = "deployment.kubernetes.io/max-replicas";
inline constexpr std::string_view kTemplateHash = "pod-template-hash";

inline int32_t size_of(const Deployment& deployment) {
  return deployment.spec.replicas.value_or(1);
}
inline int32_t size_of(const ReplicaSet& set) {
  return set.spec.replicas.value_or(1);
}
inline bool is_rolling(const Deployment& deployment) {
  return deployment.spec.strategy.type != "Recreate";
}

// Percentages are of the deployment's size: surge rounded up, unavailable down; both zero would stand still, so one may
// be missing.
int32_t max_surge(const Deployment& deployment);
int32_t max_unavailable(const Deployment& deployment);

// The revision an annotation says; 0 when it says none.
int64_t revision_of(const api::meta_v1::ObjectMeta& meta);

// The sets of a deployment, sorted out.
struct Sets {
  SetPointer current;           // whose template is the deployment's: the oldest of those; null when there is none
  std::vector<SetPointer> old;  // the others, oldest first
  std::vector<SetPointer> all() const;

  static Sets sort_out(const Deployment& deployment, std::vector<SetPointer> sets);
};

int32_t total_size(const std::vector<SetPointer>& sets);
int32_t total_available(const std::vector<SetPointer>& sets);

// How large the current set may be now. `current_size` is its size, `total` that of all sets.
int32_t next_current_size(const Deployment& deployment, int32_t current_size, int32_t total);

// The new set of the deployment's template, sized for now.
ReplicaSet make_set(const Deployment& deployment, const Sets& sets);

// Sets the annotations of the current set that follow from the deployment: its own, copied, and the revision, which is
// one above all others. True if anything changed. Of a `fresh` set no history is kept.
bool annotate(const Deployment& deployment, const Sets& sets, ReplicaSet& current, bool fresh);
// The annotations by which a later resize is shared out. True if anything changed.
bool annotate_sizes(ReplicaSet& set, int32_t desired, int32_t max);

}  // namespace controller::deployment
