#include "controller/job/job.h"

#include "base/json.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/owned_pods.h"
#include "controller/common/ownership.h"
#include "controller/common/pending.h"
#include "controller/common/together.h"
#include "controller/job/plan.h"

namespace controller {
namespace {

using api::batch_v1::Job;
using api::core_v1::Pod;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;

constexpr std::string_view kName = "job-controller";
constexpr size_t kBurst = 500;

class JobController final : public Controller {
 public:
  explicit JobController(Context& context)
      : context_(context),
        jobs_(context.caches.of<Job>()),
        pods_(pods_of(context.caches)),
        queue_(context.random),
        pending_(context.clock),
        events_(context.client, context.clock, context.random, std::string(kName)),
        owned_(context.client, pending_, events_) {
    jobs_.add_listener([this](const Key& key, const Job*, const Job* now) {
      if (now == nullptr) pending_.forget(key);
      queue_.add(key);
    });
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) {
      bool known = false;
      for (const Pod* pod : {before, now}) {
        const auto* owner = pod == nullptr ? nullptr : controller_of(pod->metadata);
        if (owner == nullptr || owner->kind != Job::kType.name) continue;
        queue_.add({key.namespace_, owner->name});
        known = true;
      }
      // A pod whose job was orphaned or is gone must not be held by the finalizer for ever.
      if (!known && now != nullptr && is_tracked(*now)) queue_.add({"pod/" + key.namespace_, key.name});
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await jobs_.wait_synced();
    co_await pods_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static bool is_tracked(const Pod& pod) {
    const auto& finalizers = pod.metadata.finalizers;
    return std::find(finalizers.begin(), finalizers.end(), job::kTracking) != finalizers.end();
  }

  io::Task<Result<void>> reconcile(Key key) {
    if (key.namespace_.starts_with("pod/")) {
      PodPointer stray = pods_.get(key.namespace_.substr(4), key.name);
      if (!stray || !is_tracked(*stray) || controller_of(stray->metadata) != nullptr) co_return {};
      co_return co_await release(stray);
    }
    std::shared_ptr<const Job> job = jobs_.get(key);
    if (!job) co_return co_await release_strays(key);
    if (job->spec.managed_by && *job->spec.managed_by != "kubernetes.io/job-controller") co_return {};
    if (!pending_.settled(key, pods_) || !pending_jobs_settled(key, *job)) co_return {};

    Selector selector = job->spec.selector ? selector_from(*job->spec.selector) : Selector::nothing();
    auto claims = claim(pods_, job->metadata, selector);
    CO_TRY(std::vector<PodPointer> pods, co_await settle(context_.client, *job, std::move(claims)));
    job::Plan plan = job::plan(*job, pods, context_.now());
    if (is_being_deleted(job->metadata)) plan.create.clear();

    if (plan.status != job->status) {
      Job changed = *job;
      changed.status = plan.status;
      auto updated = co_await context_.client.update_status(std::move(changed));
      if (!updated && updated.error().code() == Code::NotFound) co_return {};
      if (!updated) co_return base::fail(updated.error());
      written_[key] = base::parse_uint(updated->metadata.resource_version).value_or(0);
    }
    for (auto& one : plan.notes) {
      events_.record(EventRecorder::reference(*job), one.warning ? EventType::Warning : EventType::Normal, one.reason,
                     std::move(one.message));
    }
    auto owner = EventRecorder::reference(*job);
    auto released = co_await together(std::min(plan.release.size(), kBurst),
                                      [&](size_t number) { return release(plan.release[number]); });
    auto removed = co_await together(std::min(plan.remove.size(), kBurst),
                                     [&](size_t number) { return owned_.remove(owner, plan.remove[number]); });
    plan.create.resize(std::min(plan.create.size(), kBurst));
    auto created = co_await slow_start(plan.create.size(), [&](size_t number) {
      return owned_.create(owner, job::make_pod(*job, plan.create[number]));
    });
    if (!plan.again.is_zero()) queue_.add_after(key, io::Duration(plan.again.to_ns() - context_.clock.wall_ns()));
    for (const auto* results : {&released, &removed, &created}) {
      if (auto failure = first_failure(*results); !failure) co_return failure;
    }
    co_return {};
  }

  // What was counted is in the status we wrote: planning from an older one would count it twice.
  bool pending_jobs_settled(const Key& key, const Job& job) {
    auto written = written_.find(key);
    if (written == written_.end()) return true;
    if (base::parse_uint(job.metadata.resource_version).value_or(UINT64_MAX) < written->second) return false;
    written_.erase(written);
    return true;
  }

  io::Task<Result<void>> release_strays(Key key) {
    written_.erase(key);
    for (const PodPointer& pod : pods_.list(key.namespace_)) {
      const auto* owner = controller_of(pod->metadata);
      if (!is_tracked(*pod) || owner == nullptr || owner->kind != Job::kType.name || owner->name != key.name) continue;
      CO_TRY(co_await release(pod));
    }
    co_return {};
  }

  io::Task<Result<void>> release(PodPointer pod) {
    std::string patch = base::cat({R"({"metadata":{"uid":")", pod->metadata.uid,
                                   R"(","$deleteFromPrimitiveList/finalizers":[")", job::kTracking, R"("]}})"});
    auto released = co_await context_.client.patch<Pod>(pod->metadata.namespace_, pod->metadata.name,
                                                        client::PatchType::Strategic, std::move(patch));
    if (!released && released.error().code() != Code::NotFound && released.error().code() != Code::Conflict)
      co_return base::fail(released.error());
    co_return {};
  }

  Context& context_;
  client::Cache<Job>& jobs_;
  client::Cache<Pod>& pods_;
  client::Queue queue_;
  Pending pending_;
  std::map<Key, uint64_t> written_;  // version of the status we wrote last, until the cache shows it
  EventRecorder events_;
  OwnedPods owned_;
};

}  // namespace

std::unique_ptr<Controller> make_job_controller(Context& context) {
  return std::make_unique<JobController>(context);
}

}  // namespace controller
