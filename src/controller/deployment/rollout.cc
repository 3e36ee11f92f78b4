#include "controller/deployment/rollout.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "controller/common/int_or_percent.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"

namespace controller::deployment {
namespace {

// Annotations of a deployment that are not its sets'.
constexpr std::array<std::string_view, 6> kOwnAnnotations = {"kubectl.kubernetes.io/last-applied-configuration",
                                                             kRevision,
                                                             kRevisionHistory,
                                                             kDesiredReplicas,
                                                             kMaxReplicas,
                                                             "deprecated.deployment.rollback.to"};

bool same_template(const api::core_v1::PodTemplateSpec& a, const api::core_v1::PodTemplateSpec& b) {
  if (a.spec != b.spec) return false;
  auto without_hash = [](api::meta_v1::ObjectMeta meta) {
    if (auto hash = meta.labels.find(kTemplateHash); hash != meta.labels.end()) meta.labels.erase(hash);
    return meta;
  };
  return without_hash(a.metadata) == without_hash(b.metadata);
}

bool set_annotation(api::meta_v1::ObjectMeta& meta, std::string_view key, std::string value) {
  std::string& place = meta.annotations[std::string(key)];
  if (place == value) return false;
  place = std::move(value);
  return true;
}

struct Fenceposts {
  int32_t surge;
  int32_t unavailable;
};

Fenceposts fenceposts(const Deployment& deployment) {
  const auto& rolling = deployment.spec.strategy.rolling_update;
  schema::IntOrString quarter("25%");
  schema::IntOrString surge = rolling && rolling->max_surge ? *rolling->max_surge : quarter;
  schema::IntOrString unavailable = rolling && rolling->max_unavailable ? *rolling->max_unavailable : quarter;
  Fenceposts posts{scaled(surge, size_of(deployment), Rounding::Up),
                   scaled(unavailable, size_of(deployment), Rounding::Down)};
  if (posts.surge == 0 && posts.unavailable == 0) posts.unavailable = 1;
  return posts;
}

}  // namespace

int32_t max_surge(const Deployment& deployment) {
  return is_rolling(deployment) ? fenceposts(deployment).surge : 0;
}

int32_t max_unavailable(const Deployment& deployment) {
  if (!is_rolling(deployment) || size_of(deployment) == 0) return 0;
  return std::min(fenceposts(deployment).unavailable, size_of(deployment));
}

int64_t revision_of(const api::meta_v1::ObjectMeta& meta) {
  auto revision = meta.annotations.find(kRevision);
  return revision == meta.annotations.end() ? 0 : base::parse_int(revision->second).value_or(0);
}

std::vector<SetPointer> Sets::all() const {
  std::vector<SetPointer> all = old;
  if (current) all.push_back(current);
  return all;
}

Sets Sets::sort_out(const Deployment& deployment, std::vector<SetPointer> sets) {
  std::sort(sets.begin(), sets.end(), [](const SetPointer& a, const SetPointer& b) {
    return std::tie(a->metadata.creation_timestamp, a->metadata.name) <
           std::tie(b->metadata.creation_timestamp, b->metadata.name);
  });
  Sets sorted;
  for (SetPointer& set : sets) {
    if (!sorted.current && same_template(set->spec.template_, deployment.spec.template_)) {
      sorted.current = std::move(set);
    } else {
      sorted.old.push_back(std::move(set));
    }
  }
  return sorted;
}

int32_t total_size(const std::vector<SetPointer>& sets) {
  int32_t total = 0;
  for (const SetPointer& set : sets) total += size_of(*set);
  return total;
}

int32_t total_available(const std::vector<SetPointer>& sets) {
  int32_t total = 0;
  for (const SetPointer& set : sets) total += set->status.available_replicas;
  return total;
}

int32_t next_current_size(const Deployment& deployment, int32_t current_size, int32_t total) {
  if (!is_rolling(deployment)) return size_of(deployment);
  int32_t room = size_of(deployment) + max_surge(deployment) - total;
  if (room <= 0) return current_size;
  return current_size + std::min(room, size_of(deployment) - current_size);
}

bool annotate_sizes(ReplicaSet& set, int32_t desired, int32_t max) {
  bool changed = set_annotation(set.metadata, kDesiredReplicas, std::to_string(desired));
  return set_annotation(set.metadata, kMaxReplicas, std::to_string(max)) || changed;
}

bool annotate(const Deployment& deployment, const Sets& sets, ReplicaSet& current, bool fresh) {
  bool changed = false;
  for (const auto& [key, value] : deployment.metadata.annotations) {
    if (std::find(kOwnAnnotations.begin(), kOwnAnnotations.end(), key) != kOwnAnnotations.end()) continue;
    changed |= set_annotation(current.metadata, key, value);
  }
  int64_t highest = 0;
  for (const SetPointer& set : sets.old) highest = std::max(highest, revision_of(set->metadata));
  int64_t before = revision_of(current.metadata);
  if (before < highest + 1) {
    changed |= set_annotation(current.metadata, kRevision, std::to_string(highest + 1));
    // A set that comes back (a rollback) remembers under which numbers it was known.
    if (!fresh && before > 0) {
      auto known = current.metadata.annotations.find(kRevisionHistory);
      std::string history = known == current.metadata.annotations.end() ? "" : known->second + ",";
      changed |= set_annotation(current.metadata, kRevisionHistory, history + std::to_string(before));
    }
  }
  if (fresh) changed |= annotate_sizes(current, size_of(deployment), size_of(deployment) + max_surge(deployment));
  return changed;
}

ReplicaSet make_set(const Deployment& deployment, const Sets& sets) {
  std::string hash = template_hash(deployment.spec.template_, deployment.status.collision_count);
  ReplicaSet set;
  set.metadata.namespace_ = deployment.metadata.namespace_;
  set.metadata.name = base::cat({deployment.metadata.name, "-", hash});
  set.metadata.labels = deployment.spec.template_.metadata.labels;
  set.metadata.labels[std::string(kTemplateHash)] = hash;
  set.metadata.owner_references.push_back(controller_reference(deployment));
  set.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
  set.spec.selector = deployment.spec.selector;
  set.spec.selector.ensure().match_labels[std::string(kTemplateHash)] = hash;
  set.spec.template_ = deployment.spec.template_;
  set.spec.template_.metadata.labels[std::string(kTemplateHash)] = hash;
  set.spec.replicas = next_current_size(deployment, 0, total_size(sets.old));
  annotate(deployment, sets, set, true);
  return set;
}

}  // namespace controller::deployment
