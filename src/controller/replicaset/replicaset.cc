#include "controller/replicaset/replicaset.h"

#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/owned_pods.h"
#include "controller/common/ownership.h"
#include "controller/common/pending.h"
#include "controller/common/together.h"
#include "controller/replicaset/plan.h"

namespace controller {
namespace {

using api::apps_v1::ReplicaSet;
using api::apps_v1::ReplicaSetStatus;
using api::core_v1::Pod;
using api::core_v1::ReplicationController;
using base::Code;
using base::Result;
using client::Key;

// The two kinds, seen as one.
const ReplicaSet& as_set(const ReplicaSet& set) {
  return set;
}

ReplicaSet as_set(const ReplicationController& kind) {
  ReplicaSet set;
  set.metadata = kind.metadata;
  set.spec.replicas = kind.spec.replicas;
  set.spec.min_ready_seconds = kind.spec.min_ready_seconds;
  set.spec.selector.ensure().match_labels = kind.spec.selector;
  if (kind.spec.template_) set.spec.template_ = *kind.spec.template_;
  set.status.replicas = kind.status.replicas;
  set.status.fully_labeled_replicas = kind.status.fully_labeled_replicas;
  set.status.ready_replicas = kind.status.ready_replicas;
  set.status.available_replicas = kind.status.available_replicas;
  set.status.observed_generation = kind.status.observed_generation;
  for (const auto& condition : kind.status.conditions) {
    set.status.conditions.push_back(
        {condition.type, condition.status, condition.last_transition_time, condition.reason, condition.message});
  }
  return set;
}

void set_status(ReplicaSet& set, const ReplicaSetStatus& status) {
  set.status = status;
}

void set_status(ReplicationController& kind, const ReplicaSetStatus& status) {
  kind.status.replicas = status.replicas;
  kind.status.fully_labeled_replicas = status.fully_labeled_replicas;
  kind.status.ready_replicas = status.ready_replicas;
  kind.status.available_replicas = status.available_replicas;
  kind.status.observed_generation = status.observed_generation;
  kind.status.conditions.clear();
  for (const auto& condition : status.conditions) {
    kind.status.conditions.push_back(
        {condition.type, condition.status, condition.last_transition_time, condition.reason, condition.message});
  }
}

Selector selector_of(const ReplicaSet& set) {
  return set.spec.selector ? selector_from(*set.spec.selector) : Selector::nothing();
}
Selector selector_of(const ReplicationController& kind) {
  return Selector::from(kind.spec.selector);
}

// A replication controller's status has no such field.
ReplicaSetStatus comparable(const ReplicaSet& kind, ReplicaSetStatus status) {
  return status;
}
ReplicaSetStatus comparable(const ReplicationController& kind, ReplicaSetStatus status) {
  status.terminating_replicas.reset();
  return status;
}

template <class Kind>
class ReplicaController final : public Controller {
 public:
  ReplicaController(Context& context, std::string name)
      : context_(context),
        name_(std::move(name)),
        sets_(context.caches.owned<Kind>()),
        pods_(pods_of(context.caches)),
        queue_(context.random),
        pending_(context.clock),
        events_(context.client, context.clock, context.random, name_),
        owned_(context.client, pending_, events_) {
    sets_.add_listener([this](const Key& key, const Kind* before, const Kind* now) {
      if (now == nullptr || (before != nullptr && before->metadata.uid != now->metadata.uid)) pending_.forget(key);
      queue_.add(key);
    });
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) { pod_changed(before, now); });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await sets_.wait_synced();
    co_await pods_.wait_synced();
    co_await client::run_workers(name_, queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void pod_changed(const Pod* before, const Pod* now) {
    const auto* owner_before = before == nullptr ? nullptr : controller_of(before->metadata);
    const auto* owner = now == nullptr ? nullptr : controller_of(now->metadata);
    if (owner_before != nullptr && (owner == nullptr || owner->uid != owner_before->uid))
      add_owner(before->metadata, *owner_before);
    if (owner != nullptr) return add_owner(now->metadata, *owner);
    // An orphan: somebody may want it.
    if (now == nullptr || is_being_deleted(now->metadata)) return;
    if (before != nullptr && owner_before == nullptr && before->metadata.labels == now->metadata.labels) return;
    for (const auto& set : sets_.list(now->metadata.namespace_)) {
      Selector selector = selector_of(*set);
      if (!selector.is_everything() && selector.matches(now->metadata.labels))
        queue_.add({set->metadata.namespace_, set->metadata.name});
    }
  }

  void add_owner(const api::meta_v1::ObjectMeta& pod, const api::meta_v1::OwnerReference& owner) {
    if (owner.kind != schema::type_of<Kind>().name) return;
    auto set = sets_.get(pod.namespace_, owner.name);
    if (set && set->metadata.uid == owner.uid) queue_.add({pod.namespace_, owner.name});
  }

  std::map<std::string, int> neighbours(const Kind& kind) const {
    std::map<std::string, int> count;
    const auto* owner = controller_of(kind.metadata);
    std::vector<std::string> uids = {kind.metadata.uid};
    if (owner != nullptr) {
      for (const auto& sibling : sets_.by_index("controller", owner->uid)) {
        if (sibling->metadata.uid != kind.metadata.uid) uids.push_back(sibling->metadata.uid);
      }
    }
    for (const std::string& uid : uids) {
      for (const PodPointer& pod : pods_.by_index("controller", uid)) {
        if (is_active(*pod) && !pod->spec.node_name.empty()) count[pod->spec.node_name]++;
      }
    }
    return count;
  }

  io::Task<Result<void>> reconcile(Key key) {
    std::shared_ptr<const Kind> kind = sets_.get(key);
    if (!kind) {
      pending_.forget(key);
      co_return {};
    }
    bool settled = pending_.settled(key, pods_);
    auto claims = claim(pods_, kind->metadata, selector_of(*kind));
    CO_TRY(std::vector<PodPointer> pods, co_await settle(context_.client, *kind, std::move(claims)));
    ReplicaSet set = as_set(*kind);
    Result<void> done;
    std::optional<replicaset::Failure> failure;
    if (settled && !is_being_deleted(kind->metadata)) {
      replicaset::Plan plan = replicaset::plan(set, pods, neighbours(*kind), context_.now());
      bool creating = plan.create > 0;
      done = creating ? co_await create(kind, set, plan.create) : co_await remove(kind, std::move(plan.remove));
      if (!done) failure = {creating ? "FailedCreate" : "FailedDelete", done.error().message()};
    }
    ReplicaSetStatus status = comparable(*kind, replicaset::status_of(set, pods, failure, context_.now()));
    if (status != comparable(*kind, set.status)) {
      Kind changed = *kind;
      set_status(changed, status);
      auto updated = co_await context_.client.update_status(std::move(changed));
      if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    }
    base::Time next = replicaset::next_available(set, pods, context_.now());
    if (!next.is_zero()) queue_.add_after(key, io::Duration(next.to_ns() - context_.clock.wall_ns()));
    co_return done;
  }

  io::Task<Result<void>> create(std::shared_ptr<const Kind> kind, const ReplicaSet& set, size_t count) {
    Pod pod = pod_from_template(set.spec.template_, schema::type_of<Kind>(), kind->metadata);
    auto owner = client::EventRecorder::reference(*kind);
    auto results = co_await slow_start(count, [&](size_t) { return owned_.create(owner, pod); });
    co_return first_failure(results);
  }

  io::Task<Result<void>> remove(std::shared_ptr<const Kind> kind, std::vector<PodPointer> pods) {
    auto owner = client::EventRecorder::reference(*kind);
    auto results = co_await together(pods.size(), [&](size_t number) { return owned_.remove(owner, pods[number]); });
    co_return first_failure(results);
  }

  Context& context_;
  std::string name_;
  client::Cache<Kind>& sets_;
  client::Cache<Pod>& pods_;
  client::Queue queue_;
  Pending pending_;
  client::EventRecorder events_;
  OwnedPods owned_;
};

}  // namespace

std::unique_ptr<Controller> make_replicaset_controller(Context& context) {
  return std::make_unique<ReplicaController<ReplicaSet>>(context, "replicaset-controller");
}

std::unique_ptr<Controller> make_replicationcontroller_controller(Context& context) {
  return std::make_unique<ReplicaController<ReplicationController>>(context, "replication-controller");
}

}  // namespace controller
