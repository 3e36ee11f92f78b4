#include "controller/ttl_after_finished/ttl_after_finished.h"

#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/job/plan.h"

namespace controller {
namespace {

using api::batch_v1::Job;
using base::Code;
using base::Result;
using client::Key;

class TtlAfterFinished final : public Controller {
 public:
  explicit TtlAfterFinished(Context& context)
      : context_(context), jobs_(context.caches.of<Job>()), queue_(context.random) {
    jobs_.add_listener([this](const Key& key, const Job*, const Job* now) {
      if (now != nullptr && now->spec.ttl_seconds_after_finished && job::is_finished(*now)) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    co_await jobs_.wait_synced();
    co_await client::run_workers("ttl-after-finished", queue_, 1,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto job = jobs_.get(key);
    if (!job || is_being_deleted(job->metadata) || !job->spec.ttl_seconds_after_finished || !job::is_finished(*job))
      co_return {};
    int64_t due_ns = (job::finished_at(*job).seconds + *job->spec.ttl_seconds_after_finished) * 1'000'000'000;
    if (due_ns > context_.clock.wall_ns()) {
      queue_.add_after(key, io::Duration(due_ns - context_.clock.wall_ns()));
      co_return {};
    }
    // Of this very version: whoever has just lengthened its time keeps it.
    client::DeleteOptions options{.propagation_policy = "Foreground",
                                  .uid = job->metadata.uid,
                                  .resource_version = job->metadata.resource_version};
    auto removed = co_await context_.client.remove<Job>(key.namespace_, key.name, std::move(options));
    if (!removed && removed.error().code() != Code::NotFound) co_return removed;
    co_return {};
  }

  Context& context_;
  client::Cache<Job>& jobs_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_ttl_after_finished_controller(Context& context) {
  return std::make_unique<TtlAfterFinished>(context);
}

}  // namespace controller
