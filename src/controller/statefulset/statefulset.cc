#include "controller/statefulset/statefulset.h"

#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/owned_pods.h"
#include "controller/common/ownership.h"
#include "controller/common/pending.h"
#include "controller/common/removal.h"
#include "controller/common/revisions.h"
#include "controller/statefulset/claims.h"
#include "controller/statefulset/plan.h"
#include "schema/json.h"
#include "schema/value.h"

namespace controller {
namespace {

using api::apps_v1::ControllerRevision;
using api::apps_v1::StatefulSet;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::core_v1::PodTemplateSpec;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;
using statefulset::Snapshot;

constexpr std::string_view kName = "statefulset-controller";

class StatefulSetController final : public Controller {
 public:
  explicit StatefulSetController(Context& context)
      : context_(context),
        sets_(context.caches.of<StatefulSet>()),
        pods_(pods_of(context.caches)),
        claims_(context.caches.of<PersistentVolumeClaim>()),
        revisions_(context.caches.owned<ControllerRevision>()),
        queue_(context.random),
        pending_(context.clock),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    sets_.add_listener([this](const Key& key, const StatefulSet*, const StatefulSet* now) {
      if (now == nullptr) pending_.forget(key);
      queue_.add(key);
    });
    queue_controllers(pods_, StatefulSet::kType, queue_);
    queue_controllers(revisions_, StatefulSet::kType, queue_);
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await sets_.wait_synced();
    co_await pods_.wait_synced();
    co_await claims_.wait_synced();
    co_await revisions_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    std::shared_ptr<const StatefulSet> set = sets_.get(key);
    if (!set) co_return {};
    bool settled = pending_.settled(key, pods_);
    Selector selector = set->spec.selector ? selector_from(*set->spec.selector) : Selector::nothing();
    auto claims = claim(pods_, set->metadata, selector);
    // A pod whose name is not the set's cannot be one of it.
    std::erase_if(claims.adopt, [&](const PodPointer& pod) { return statefulset::ordinal_of(*set, *pod) < 0; });
    CO_TRY(std::vector<PodPointer> pods, co_await settle(context_.client, *set, std::move(claims)));

    auto revisions = revisions_.by_index("controller", set->metadata.uid);
    auto history =
        plan_revisions(StatefulSet::kType, set->metadata, set->spec.template_, set->status.collision_count, revisions);
    if (history.create) {
      if (is_being_deleted(set->metadata)) co_return {};
      co_return co_await record_revision(context_.client, set, std::move(*history.create));
    }
    if (history.renumber) {
      auto renumbered = co_await context_.client.update(std::move(*history.renumber));
      if (!renumbered) co_return base::fail(renumbered.error());
    }
    RevisionPointer update = history.current, current = update;
    for (const RevisionPointer& revision : revisions) {
      if (revision->metadata.name == set->status.current_revision) current = revision;
    }
    Snapshot snapshot{.set = *set,
                      .pods = std::move(pods),
                      .current_revision = current->metadata.name,
                      .update_revision = update->metadata.name,
                      .now = context_.now()};
    Result<void> done = co_await keep_claims(set, snapshot.pods);
    if (done && settled) done = co_await carry_out(set, statefulset::plan(snapshot), current, update);
    auto status = statefulset::status_of(snapshot);
    if (status != set->status) {
      StatefulSet changed = *set;
      changed.status = status;
      auto updated = co_await context_.client.update_status(std::move(changed));
      if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    }
    for (const PodPointer& pod : snapshot.pods) {
      base::Time at = available_at(*pod, set->spec.min_ready_seconds);
      if (!at.is_zero() && at > context_.now())
        queue_.add_after(key, io::Duration(at.to_ns() - context_.clock.wall_ns()));
    }
    if (done) done = co_await forget_history(set, revisions, snapshot);
    co_return done;
  }

  io::Task<Result<void>> forget_history(std::shared_ptr<const StatefulSet> set, std::vector<RevisionPointer> revisions,
                                        const Snapshot& snapshot) {
    std::vector<std::string> live;
    for (const RevisionPointer& revision : revisions) {
      bool used =
          revision->metadata.name == snapshot.current_revision || revision->metadata.name == snapshot.update_revision;
      for (const PodPointer& pod : snapshot.pods) {
        auto of = pod->metadata.labels.find(kRevisionHash);
        used |= of != pod->metadata.labels.end() && of->second == revision->metadata.name;
      }
      if (used) live.push_back(hash_of(*revision));
    }
    auto surplus = surplus_of_revisions(std::move(revisions), set->spec.revision_history_limit.value_or(10), live);
    co_return co_await remove_revisions(context_.client, std::move(surplus));
  }

  // The template that a revision keeps.
  static Result<PodTemplateSpec> template_of(const ControllerRevision& revision) {
    TRY(schema::Value data, schema::Value::parse(revision.data));
    schema::Value* kept = data.at({"spec", "template"});
    if (kept == nullptr || !kept->is_object())
      return base::fail(Code::Internal, "revision " + revision.metadata.name + " has no template");
    kept->as_object().erase("$patch");
    return schema::from_json<PodTemplateSpec>(kept->to_json());
  }

  io::Task<Result<void>> carry_out(std::shared_ptr<const StatefulSet> set, statefulset::Plan plan,
                                   RevisionPointer current, RevisionPointer update) {
    for (const PodPointer& pod : plan.ended) {
      bool failed = pod->status.phase == "Failed";
      events_.record(EventRecorder::reference(*set), failed ? EventType::Warning : EventType::Normal,
                     failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
                     base::cat({"StatefulSet ", set->metadata.namespace_, "/", set->metadata.name, " is recreating ",
                                failed ? "failed" : "terminated", " Pod ", pod->metadata.name}));
    }
    for (const statefulset::Creation& one : plan.create) {
      const RevisionPointer& revision = one.updated ? update : current;
      PodTemplateSpec template_ = set->spec.template_;
      if (revision != update) {
        CO_TRY(template_, template_of(*revision));
      }
      CO_TRY(co_await create_one(set, statefulset::make_pod(*set, template_, one.ordinal, revision->metadata.name),
                                 one.ordinal));
    }
    for (const PodPointer& pod : plan.remove) CO_TRY(co_await remove_one(set, pod));
    co_return {};
  }

  // The claims of the pods there are belong to whom they should; those that a pod still waits for are there.
  io::Task<Result<void>> keep_claims(std::shared_ptr<const StatefulSet> set, std::vector<PodPointer> pods) {
    if (set->spec.volume_claim_templates.empty() || is_being_deleted(set->metadata)) co_return {};
    for (const PodPointer& pod : pods) {
      int32_t ordinal = statefulset::ordinal_of(*set, *pod);
      for (PersistentVolumeClaim& wanted : statefulset::make_claims(*set, ordinal)) {
        auto claim = claims_.get(wanted.metadata.namespace_, wanted.metadata.name);
        if (!claim) {
          bool waits = pod->status.phase == "Pending" && !is_being_deleted(pod->metadata);
          if (waits) CO_TRY(co_await create_claim(set, std::move(wanted), pod->metadata.name));
          continue;
        }
        auto owners = statefulset::owners_of_claim(*set, pod.get(), claim->metadata);
        if (owners == claim->metadata.owner_references || is_being_deleted(claim->metadata)) continue;
        PersistentVolumeClaim changed = *claim;
        changed.metadata.owner_references = std::move(owners);
        auto updated = co_await context_.client.update(std::move(changed));
        if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
      }
    }
    co_return {};
  }

  io::Task<Result<void>> create_claim(std::shared_ptr<const StatefulSet> set, PersistentVolumeClaim wanted,
                                      std::string pod_name) {
    std::string what = base::cat({"create Claim ", wanted.metadata.name, " Pod ", pod_name});
    auto created = co_await context_.client.create(std::move(wanted));
    if (!created && created.error().code() == Code::AlreadyExists) co_return {};
    if (!created) {
      tell(set, what, created.error());
      co_return base::fail(created.error());
    }
    events_.record(EventRecorder::reference(*set), EventType::Normal, "SuccessfulCreate",
                   base::cat({what, " in StatefulSet ", set->metadata.name, " success"}));
    co_return {};
  }

  io::Task<Result<void>> create_one(std::shared_ptr<const StatefulSet> set, Pod pod, int32_t ordinal) {
    for (PersistentVolumeClaim& wanted : statefulset::make_claims(*set, ordinal)) {
      if (claims_.get(wanted.metadata.namespace_, wanted.metadata.name)) continue;
      CO_TRY(co_await create_claim(set, std::move(wanted), pod.metadata.name));
    }
    std::string name = pod.metadata.name;
    auto created = co_await context_.client.create(std::move(pod));
    if (created) {
      pending_.written({set->metadata.namespace_, set->metadata.name}, created->metadata);
      events_.record(EventRecorder::reference(*set), EventType::Normal, "SuccessfulCreate",
                     base::cat({"create Pod ", name, " in StatefulSet ", set->metadata.name, " successful"}));
      co_return {};
    }
    if (client::is_namespace_terminating(created.error())) co_return {};
    tell(set, "create Pod " + name, created.error());
    co_return base::fail(created.error());
  }

  void tell(const std::shared_ptr<const StatefulSet>& set, const std::string& what, const base::Error& error) {
    events_.record(EventRecorder::reference(*set), EventType::Warning, "FailedCreate",
                   base::cat({what, " in StatefulSet ", set->metadata.name, " failed error: ", error.message()}));
  }

  io::Task<Result<void>> remove_one(std::shared_ptr<const StatefulSet> set, PodPointer pod) {
    auto removed = co_await remove_exactly(context_.client, pod);
    std::string what = base::cat({"delete Pod ", pod->metadata.name, " in StatefulSet ", set->metadata.name});
    if (!removed) {
      events_.record(EventRecorder::reference(*set), EventType::Warning, "FailedDelete",
                     what + " failed error: " + removed.error().message());
      co_return base::fail(removed.error());
    }
    if (!*removed) co_return {};
    pending_.deleted({set->metadata.namespace_, set->metadata.name}, pod->metadata);
    events_.record(EventRecorder::reference(*set), EventType::Normal, "SuccessfulDelete", what + " successful");
    co_return {};
  }

  Context& context_;
  client::Cache<StatefulSet>& sets_;
  client::Cache<Pod>& pods_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<ControllerRevision>& revisions_;
  client::Queue queue_;
  Pending pending_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_statefulset_controller(Context& context) {
  return std::make_unique<StatefulSetController>(context);
}

}  // namespace controller
