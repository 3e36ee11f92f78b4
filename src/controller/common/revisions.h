// The history of a pod template, as controller revisions: what daemon sets and stateful sets roll out and back, and
// what kubectl rollout history and undo read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "client/client.h"
#include "client/status.h"
#include "controller/common/ownership.h"

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

// Carries plan.create out. A revision of that name with other data is a collision of hashes: it is counted in the
// owner's status, and its next look takes another hash. The events of what was written bring the owner back.
template <class Owner>
io::Task<base::Result<void>> record_revision(client::Client client, std::shared_ptr<const Owner> owner,
                                             api::apps_v1::ControllerRevision revision) {
  using api::apps_v1::ControllerRevision;
  std::string name = revision.metadata.name, data = revision.data;
  auto created = co_await client.create(std::move(revision));
  if (created || client::is_namespace_terminating(created.error())) co_return {};
  if (created.error().code() != base::Code::AlreadyExists) co_return base::fail(created.error());
  CO_TRY(ControllerRevision there, co_await client.get<ControllerRevision>(owner->metadata.namespace_, name));
  if (is_controlled_by(there.metadata, owner->metadata.uid) && there.data == data) co_return {};
  Owner changed = *owner;
  changed.status.collision_count = changed.status.collision_count.value_or(0) + 1;
  CO_TRY(co_await client.update_status(std::move(changed)));
  co_return {};
}

// The oldest beyond `limit` that no pod is of (`live` are the hashes in use).
std::vector<RevisionPointer> surplus_of_revisions(std::vector<RevisionPointer> revisions, int32_t limit,
                                                  const std::vector<std::string>& live);
io::Task<base::Result<void>> remove_revisions(client::Client client, std::vector<RevisionPointer> revisions);

std::string hash_of(const api::apps_v1::ControllerRevision& revision);

}  // namespace controller
