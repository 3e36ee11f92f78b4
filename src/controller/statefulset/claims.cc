#include "controller/statefulset/claims.h"

#include "base/strings.h"
#include "controller/common/ownership.h"
#include "controller/statefulset/plan.h"

namespace controller::statefulset {

using api::core_v1::Pod;
using api::meta_v1::OwnerReference;

std::vector<api::core_v1::PersistentVolumeClaim> make_claims(const StatefulSet& set, int32_t ordinal) {
  std::vector<api::core_v1::PersistentVolumeClaim> claims;
  for (const auto& wanted : set.spec.volume_claim_templates) {
    auto& claim = claims.emplace_back(wanted);
    claim.metadata.name = base::cat({wanted.metadata.name, "-", set.metadata.name, "-", std::to_string(ordinal)});
    claim.metadata.namespace_ = set.metadata.namespace_;
    if (set.spec.selector) {
      for (const auto& [key, value] : set.spec.selector->match_labels) claim.metadata.labels[key] = value;
    }
    claim.metadata.owner_references = owners_of_claim(set, nullptr, claim.metadata);
    claim.status = {};
  }
  return claims;
}

std::vector<OwnerReference> owners_of_claim(const StatefulSet& set, const Pod* pod,
                                            const api::meta_v1::ObjectMeta& claim) {
  const OwnerReference* controller = controller_of(claim);
  bool is_ours = controller == nullptr || controller->uid == set.metadata.uid ||
                 (pod != nullptr && controller->uid == pod->metadata.uid);
  if (!is_ours) return claim.owner_references;
  std::vector<OwnerReference> owners;
  for (const OwnerReference& owner : claim.owner_references) {
    if (owner.uid != set.metadata.uid && (pod == nullptr || owner.uid != pod->metadata.uid)) owners.push_back(owner);
  }
  const auto& policy = set.spec.persistent_volume_claim_retention_policy;
  if (!policy) return owners;
  bool is_surplus = pod != nullptr && !is_in_range(set, ordinal_of(set, *pod));
  if (policy->when_scaled == "Delete" && is_surplus) {
    owners.push_back(controller_reference(*pod));
  } else if (policy->when_deleted == "Delete") {
    owners.push_back(controller_reference(set));
  }
  return owners;
}

}  // namespace controller::statefulset
