#include "apiserver/authz/union.h"

#include <algorithm>

namespace apiserver {

Authorization UnionAuthorizer::authorize(const AuthorizationAttributes& attributes) const {
  const auto& groups = attributes.user.groups;
  if (std::find(groups.begin(), groups.end(), kMastersGroup) != groups.end()) return {Decision::Allow, {}};
  std::string reasons;
  for (const auto& member : members_) {
    auto answer = member->authorize(attributes);
    if (answer.decision != Decision::NoOpinion) return answer;
    if (answer.reason.empty()) continue;
    if (!reasons.empty()) reasons += ", ";
    reasons += answer.reason;
  }
  return {Decision::NoOpinion, std::move(reasons)};
}

}  // namespace apiserver
