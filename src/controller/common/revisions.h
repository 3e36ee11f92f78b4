// The history of a pod template, as controller revisions: what daemon sets and stateful sets roll out and back, and
// what kubectl rollout history and undo read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "client/client.h"

namespace controller {

using RevisionPointer = std::shared_ptr<const api::apps_v1::ControllerRevision>;

inline constexpr std::string_view kRevisionHash = "controller-revision-hash";

// The patch that brings the template back: {"spec":{"template":{...,"$patch":"replace"}}}.
std::string template_patch(const api::core_v1::PodTemplateSpec& template_);

// What to do so that the template is the newest of the owner's revisions.
struct RevisionPlan {
  RevisionPointer current;  // the template's, when there is one
  std::optional<api::apps_v1::ControllerRevision> create;
  std::optional<api::apps_v1::ControllerRevision> renumber;  // it was rolled back to: it becomes the newest
  std::string hash;                                          // of the template's revision: the label of its pods
};
RevisionPlan plan_revisions(const schema::Type& owner_type, const api::meta_v1::ObjectMeta& owner,
                            const api::core_v1::PodTemplateSpec& template_, std::optional<int32_t> collisions,
                            const std::vector<RevisionPointer>& revisions);

// The oldest beyond `limit` that no pod is of (`live` are the hashes in use).
std::vector<RevisionPointer> surplus_of_revisions(std::vector<RevisionPointer> revisions, int32_t limit,
                                                  const std::vector<std::string>& live);

std::string hash_of(const api::apps_v1::ControllerRevision& revision);

}  // namespace controller
