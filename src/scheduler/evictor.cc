#include "scheduler/evictor.h"

#include "base/log.h"
#include "base/strings.h"
#include "scheduler/core/condition.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;

// Whether the failure says only that the pod is not there any more, or is another one by now.
bool is_moot(const base::Error& error) {
  return error.code() == base::Code::NotFound || error.code() == base::Code::Conflict;
}

}  // namespace

io::Task<void> Evictor::evict(std::shared_ptr<const core::Pod> victim, std::shared_ptr<const core::Pod> preemptor,
                              std::string node) {
  const auto& meta = victim->metadata;
  if (!meta.deletion_timestamp.is_zero()) co_return;
  auto why = base::cat({preemptor->spec.scheduler_name, ": preempting to accommodate a higher priority pod"});
  ConditionPatch patch(*victim, "DisruptionTarget", "True", "PreemptionByScheduler", why, clock_.wall_ns());
  auto marked = co_await client_.patch<core::Pod>(meta.namespace_, meta.name, client::PatchType::Strategic,
                                                  std::move(patch).text(), "status");
  if (marked) {
    auto removed = co_await client_.remove<core::Pod>(meta.namespace_, meta.name, {.uid = meta.uid});
    if (!removed) marked = base::fail(removed.error());
  }
  if (marked) {
    events_.record(client::EventRecorder::reference(*victim), client::EventType::Normal, "Preempted",
                   base::cat({"Preempted by pod ", preemptor->metadata.uid, " on node ", node}));
  } else if (!is_moot(marked.error())) {
    LOG_WARNING("Pod could not be preempted", {"pod", base::cat({meta.namespace_, "/", meta.name})},
                {"err", marked.error().message()});
  }
}

io::Task<void> Evictor::withdraw_nomination(std::shared_ptr<const core::Pod> pod) {
  const auto& meta = pod->metadata;
  auto patched = co_await client_.patch<core::Pod>(meta.namespace_, meta.name, client::PatchType::Merge,
                                                   R"({"status":{"nominatedNodeName":null}})", "status");
  if (!patched && !is_moot(patched.error())) {
    LOG_WARNING("Nomination could not be withdrawn", {"pod", base::cat({meta.namespace_, "/", meta.name})},
                {"err", patched.error().message()});
  }
}

}  // namespace scheduler
