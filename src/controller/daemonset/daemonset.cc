#include "controller/daemonset/daemonset.h"

#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/owned_pods.h"
#include "controller/common/ownership.h"
#include "controller/common/pending.h"
#include "controller/common/revisions.h"
#include "controller/common/together.h"
#include "controller/daemonset/plan.h"

namespace controller {
namespace {

using api::apps_v1::ControllerRevision;
using api::apps_v1::DaemonSet;
using api::core_v1::Node;
using api::core_v1::Pod;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;
using daemonset::Snapshot;

constexpr std::string_view kName = "daemonset-controller";
constexpr size_t kBurst = 250;

class DaemonSetController final : public Controller {
 public:
  explicit DaemonSetController(Context& context)
      : context_(context),
        sets_(context.caches.of<DaemonSet>()),
        nodes_(context.caches.of<Node>()),
        pods_(pods_of(context.caches)),
        revisions_(context.caches.owned<ControllerRevision>()),
        queue_(context.random),
        pending_(context.clock),
        events_(context.client, context.clock, context.random, std::string(kName)),
        owned_(context.client, pending_, events_) {
    sets_.add_listener([this](const Key& key, const DaemonSet*, const DaemonSet* now) {
      if (now == nullptr) pending_.forget(key);
      queue_.add(key);
    });
    nodes_.add_listener([this](const Key&, const Node* before, const Node* now) {
      bool same = before != nullptr && now != nullptr && before->metadata.labels == now->metadata.labels &&
                  before->spec.taints == now->spec.taints;
      if (same) return;
      for (const Key& key : sets_.keys()) queue_.add(key);
    });
    queue_controllers(pods_, DaemonSet::kType, queue_);
    queue_controllers(revisions_, DaemonSet::kType, queue_);
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await sets_.wait_synced();
    co_await nodes_.wait_synced();
    co_await pods_.wait_synced();
    co_await revisions_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    std::shared_ptr<const DaemonSet> set = sets_.get(key);
    if (!set || is_being_deleted(set->metadata)) co_return {};
    Selector selector = set->spec.selector ? selector_from(*set->spec.selector) : Selector::nothing();
    if (selector.is_everything()) {
      events_.record(EventRecorder::reference(*set), EventType::Warning, "SelectingAll",
                     "This daemon set is selecting all pods. A non-empty selector is required.");
      co_return {};
    }
    bool settled = pending_.settled(key, pods_);
    auto claims = claim(pods_, set->metadata, selector);
    CO_TRY(std::vector<PodPointer> pods, co_await settle(context_.client, *set, std::move(claims)));

    auto revisions = revisions_.by_index("controller", set->metadata.uid);
    auto history =
        plan_revisions(DaemonSet::kType, set->metadata, set->spec.template_, set->status.collision_count, revisions);
    if (history.create) co_return co_await record_revision(context_.client, set, std::move(*history.create));
    if (history.renumber) {
      auto renumbered = co_await context_.client.update(std::move(*history.renumber));
      if (!renumbered) co_return base::fail(renumbered.error());
    }

    Snapshot snapshot{
        .set = *set, .nodes = nodes_.list(), .pods = std::move(pods), .hash = history.hash, .now = context_.now()};
    Result<void> done;
    if (settled) done = co_await carry_out(set, daemonset::plan(snapshot), history.hash);
    auto status = daemonset::status_of(snapshot);
    if (status != set->status) {
      DaemonSet changed = *set;
      changed.status = std::move(status);
      auto updated = co_await context_.client.update_status(std::move(changed));
      if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    }
    look_again_when_available(key, snapshot);
    if (done) done = co_await forget_history(set, snapshot);
    co_return done;
  }

  void look_again_when_available(const Key& key, const Snapshot& snapshot) {
    int32_t min_ready = snapshot.set.spec.min_ready_seconds;
    for (const PodPointer& pod : snapshot.pods) {
      base::Time at = available_at(*pod, min_ready);
      if (min_ready > 0 && !at.is_zero() && at > snapshot.now)
        queue_.add_after(key, io::Duration(at.to_ns() - context_.clock.wall_ns()));
    }
  }

  io::Task<Result<void>> forget_history(std::shared_ptr<const DaemonSet> set, const Snapshot& snapshot) {
    std::vector<std::string> live = {snapshot.hash};
    for (const PodPointer& pod : snapshot.pods) {
      auto hash = pod->metadata.labels.find(kRevisionHash);
      if (hash != pod->metadata.labels.end()) live.push_back(hash->second);
    }
    auto surplus = surplus_of_revisions(revisions_.by_index("controller", set->metadata.uid),
                                        set->spec.revision_history_limit.value_or(10), live);
    co_return co_await remove_revisions(context_.client, std::move(surplus));
  }

  io::Task<Result<void>> carry_out(std::shared_ptr<const DaemonSet> set, daemonset::Plan plan, std::string hash) {
    for (const PodPointer& pod : plan.failed) {
      bool failed = pod->status.phase == "Failed";
      events_.record(EventRecorder::reference(*set), failed ? EventType::Warning : EventType::Normal,
                     failed ? "FailedDaemonPod" : "SucceededDaemonPod",
                     base::cat({"Found ", failed ? "failed" : "succeeded", " daemon pod ", pod->metadata.namespace_,
                                "/", pod->metadata.name, " on node ", pod->spec.node_name, ", will try to ",
                                failed ? "kill" : "delete", " it"}));
    }
    auto owner = EventRecorder::reference(*set);
    plan.create.resize(std::min(plan.create.size(), kBurst));
    auto created = co_await slow_start(plan.create.size(), [&](size_t number) {
      return owned_.create(owner, daemonset::make_pod(*set, plan.create[number], hash));
    });
    auto removed = co_await together(std::min(plan.remove.size(), kBurst),
                                     [&](size_t number) { return owned_.remove(owner, plan.remove[number]); });
    if (auto failure = first_failure(created); !failure) co_return failure;
    if (auto failure = first_failure(removed); !failure) co_return failure;
    // What ended by itself comes back ever more slowly.
    if (!plan.failed.empty()) queue_.add_rate_limited({set->metadata.namespace_, set->metadata.name});
    co_return {};
  }

  Context& context_;
  client::Cache<DaemonSet>& sets_;
  client::Cache<Node>& nodes_;
  client::Cache<Pod>& pods_;
  client::Cache<ControllerRevision>& revisions_;
  client::Queue queue_;
  Pending pending_;
  EventRecorder events_;
  OwnedPods owned_;
};

}  // namespace

std::unique_ptr<Controller> make_daemonset_controller(Context& context) {
  return std::make_unique<DaemonSetController>(context);
}

}  // namespace controller
