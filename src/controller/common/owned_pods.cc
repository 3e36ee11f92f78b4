#include "controller/common/owned_pods.h"

#include "client/status.h"
#include "controller/common/removal.h"

namespace controller {

using api::core_v1::ObjectReference;
using api::core_v1::Pod;
using base::Result;
using client::EventType;

io::Task<Result<void>> OwnedPods::create(ObjectReference owner, Pod pod) {
  auto created = co_await client_.create(std::move(pod));
  if (created) {
    pending_.written({owner.namespace_, owner.name}, created->metadata);
    events_.record(owner, EventType::Normal, "SuccessfulCreate", "Created pod: " + created->metadata.name);
    co_return {};
  }
  if (client::is_namespace_terminating(created.error())) co_return {};
  events_.record(owner, EventType::Warning, "FailedCreate", "Error creating: " + created.error().message());
  co_return base::fail(created.error());
}

io::Task<Result<void>> OwnedPods::remove(ObjectReference owner, PodPointer pod) {
  auto removed = co_await remove_exactly(client_, pod);
  if (!removed) {
    events_.record(owner, EventType::Warning, "FailedDelete", "Error deleting: " + removed.error().message());
    co_return base::fail(removed.error());
  }
  if (!*removed) co_return {};
  pending_.deleted({owner.namespace_, owner.name}, pod->metadata);
  events_.record(owner, EventType::Normal, "SuccessfulDelete", "Deleted pod: " + pod->metadata.name);
  co_return {};
}

}  // namespace controller
