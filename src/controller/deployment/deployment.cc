#include "controller/deployment/deployment.h"

#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"
#include "controller/common/removal.h"
#include "controller/deployment/plan.h"

namespace controller {
namespace {

using api::apps_v1::Deployment;
using api::apps_v1::DeploymentStatus;
using api::apps_v1::ReplicaSet;
using api::core_v1::Pod;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;
using deployment::Happened;
using deployment::SetPointer;
using deployment::Snapshot;

constexpr std::string_view kName = "deployment-controller";

class DeploymentController final : public Controller {
 public:
  explicit DeploymentController(Context& context)
      : context_(context),
        deployments_(context.caches.of<Deployment>()),
        sets_(context.caches.owned<ReplicaSet>()),
        pods_(pods_of(context.caches)),
        queue_(context.random),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    deployments_.add_listener([this](const Key& key, const Deployment*, const Deployment*) { queue_.add(key); });
    sets_.add_listener(
        [this](const Key&, const ReplicaSet* before, const ReplicaSet* now) { set_changed(before, now); });
    // A Recreate rollout waits for the last old pod to be gone.
    pods_.add_listener([this](const Key&, const Pod* before, const Pod* now) {
      if (before != nullptr && (now == nullptr || (is_terminal(*now) && !is_terminal(*before)))) pod_ended(*before);
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await deployments_.wait_synced();
    co_await sets_.wait_synced();
    co_await pods_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void set_changed(const ReplicaSet* before, const ReplicaSet* now) {
    const auto* owner_before = before == nullptr ? nullptr : controller_of(before->metadata);
    const auto* owner = now == nullptr ? nullptr : controller_of(now->metadata);
    if (owner_before != nullptr && (owner == nullptr || owner->uid != owner_before->uid))
      add_owner(before->metadata, *owner_before);
    if (owner != nullptr) return add_owner(now->metadata, *owner);
    if (now == nullptr ||
        (before != nullptr && owner_before == nullptr && before->metadata.labels == now->metadata.labels))
      return;
    for (const auto& deployment : deployments_.list(now->metadata.namespace_)) {
      if (deployment->spec.selector && selector_from(*deployment->spec.selector).matches(now->metadata.labels)) {
        queue_.add({deployment->metadata.namespace_, deployment->metadata.name});
      }
    }
  }

  void add_owner(const api::meta_v1::ObjectMeta& set, const api::meta_v1::OwnerReference& owner) {
    if (owner.kind == Deployment::kType.name) queue_.add({set.namespace_, owner.name});
  }

  void pod_ended(const Pod& pod) {
    const auto* owner = controller_of(pod.metadata);
    if (owner == nullptr || owner->kind != ReplicaSet::kType.name) return;
    auto set = sets_.get(pod.metadata.namespace_, owner->name);
    const auto* deployment_reference = set ? controller_of(set->metadata) : nullptr;
    if (deployment_reference == nullptr) return;
    auto deployment = deployments_.get(pod.metadata.namespace_, deployment_reference->name);
    if (deployment && !deployment::is_rolling(*deployment))
      queue_.add({pod.metadata.namespace_, deployment->metadata.name});
  }

  bool old_pods_remain(const std::vector<SetPointer>& old) const {
    for (const SetPointer& set : old) {
      for (const PodPointer& pod : pods_.by_index("controller", set->metadata.uid)) {
        if (!is_terminal(*pod)) return true;
      }
    }
    return false;
  }

  io::Task<Result<void>> reconcile(Key key) {
    std::shared_ptr<const Deployment> deployment = deployments_.get(key);
    if (!deployment) co_return {};
    if (!deployment->spec.selector || selector_from(*deployment->spec.selector).is_everything())
      co_return co_await refuse(deployment);

    auto claims = claim(sets_, deployment->metadata, selector_from(*deployment->spec.selector));
    CO_TRY(std::vector<SetPointer> sets, co_await settle(context_.client, *deployment, std::move(claims)));
    Snapshot snapshot{.deployment = *deployment,
                      .sets = deployment::Sets::sort_out(*deployment, std::move(sets)),
                      .old_pods_remain = false,
                      .now = context_.now()};
    if (!deployment::is_rolling(*deployment)) snapshot.old_pods_remain = old_pods_remain(snapshot.sets.old);
    deployment::Plan plan = deployment::plan(snapshot);

    Happened happened;
    Result<void> done;
    if (plan.create) done = co_await create(deployment, std::move(*plan.create), &happened);
    for (auto& change : plan.changes) {
      if (done) done = co_await apply(deployment, std::move(change));
    }
    for (const SetPointer& set : plan.remove) {
      if (!done) break;
      auto removed = co_await remove_exactly(context_.client, set);
      if (!removed) done = base::fail(removed.error());
    }
    if (happened.failed.empty() && !done) co_return done;

    Deployment current = *deployment;
    if (plan.revision && done) {
      current.metadata.annotations[std::string(deployment::kRevision)] = *plan.revision;
      CO_TRY(current, co_await context_.client.update(std::move(current)));
    }
    CO_TRY(co_await report(std::move(current), deployment::status_of(snapshot, happened)));
    co_return done;
  }

  // A selector that selects everything would take all replica sets there are.
  io::Task<Result<void>> refuse(std::shared_ptr<const Deployment> deployment) {
    events_.record(EventRecorder::reference(*deployment), EventType::Warning, "SelectingAll",
                   "This deployment is selecting all pods. A non-empty selector is required.");
    if (deployment->status.observed_generation >= deployment->metadata.generation) co_return {};
    DeploymentStatus status = deployment->status;
    status.observed_generation = deployment->metadata.generation;
    co_return co_await report(*deployment, std::move(status));
  }

  io::Task<Result<void>> report(Deployment deployment, DeploymentStatus status) {
    base::Time limit = deployment::deadline(deployment, status);
    if (!limit.is_zero()) {
      // A second more: the condition's times are whole seconds.
      io::Duration after(limit.to_ns() - context_.clock.wall_ns() + 1'000'000'000);
      queue_.add_after({deployment.metadata.namespace_, deployment.metadata.name},
                       std::max(after, io::Duration(1'000'000'000)));
    }
    if (status == deployment.status) co_return {};
    deployment.status = std::move(status);
    auto updated = co_await context_.client.update_status(std::move(deployment));
    if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    co_return {};
  }

  io::Task<Result<void>> create(std::shared_ptr<const Deployment> deployment, ReplicaSet set, Happened* happened) {
    std::string name = set.metadata.name;
    int32_t size = deployment::size_of(set);
    auto created = co_await context_.client.create(set);
    if (created) {
      happened->created = name;
      if (size > 0) {
        events_.record(EventRecorder::reference(*deployment), EventType::Normal, "ScalingReplicaSet",
                       base::cat({"Scaled up replica set ", name, " from 0 to ", std::to_string(size)}));
      }
      co_return {};
    }
    if (client::is_namespace_terminating(created.error())) co_return {};
    if (created.error().code() == Code::AlreadyExists) {
      CO_TRY(ReplicaSet there, co_await context_.client.get<ReplicaSet>(set.metadata.namespace_, name));
      // Ours: the cache will show it.
      if (is_controlled_by(there.metadata, deployment->metadata.uid) && there.spec.template_ == set.spec.template_)
        co_return {};
      // Another template with the same hash: the next try gets another hash.
      Deployment changed = *deployment;
      changed.status.collision_count = changed.status.collision_count.value_or(0) + 1;
      CO_TRY(co_await context_.client.update_status(std::move(changed)));
      co_return base::fail(created.error());
    }
    happened->failed = name;
    happened->failure = created.error().message();
    events_.record(EventRecorder::reference(*deployment), EventType::Warning, "ReplicaSetCreateError",
                   base::cat({"Failed to create new replica set \"", name, "\": ", happened->failure}));
    co_return base::fail(created.error());
  }

  io::Task<Result<void>> apply(std::shared_ptr<const Deployment> deployment, deployment::Change change) {
    int32_t to = deployment::size_of(change.set);
    CO_TRY(ReplicaSet updated, co_await context_.client.update(std::move(change.set)));
    if (to == change.from) co_return {};
    events_.record(EventRecorder::reference(*deployment), EventType::Normal, "ScalingReplicaSet",
                   base::cat({to > change.from ? "Scaled up" : "Scaled down", " replica set ", updated.metadata.name,
                              " from ", std::to_string(change.from), " to ", std::to_string(to)}));
    co_return {};
  }

  Context& context_;
  client::Cache<Deployment>& deployments_;
  client::Cache<ReplicaSet>& sets_;
  client::Cache<Pod>& pods_;
  client::Queue queue_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_deployment_controller(Context& context) {
  return std::make_unique<DeploymentController>(context);
}

}  // namespace controller
