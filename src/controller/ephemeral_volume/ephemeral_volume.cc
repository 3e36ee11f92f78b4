#include "controller/ephemeral_volume/ephemeral_volume.h"

#include <algorithm>

#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/claims.h"
#include "controller/common/ownership.h"
#include "volume/names.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::core_v1::Volume;
using base::Result;
using client::Key;

bool has_ephemeral(const Pod& pod) {
  return std::ranges::any_of(pod.spec.volumes, [](const Volume& volume) { return volume.ephemeral.has_value(); });
}

PersistentVolumeClaim claim_for(const Pod& pod, const Volume& volume) {
  PersistentVolumeClaim claim;
  if (const auto& template_ = volume.ephemeral->volume_claim_template) {
    claim.metadata.labels = template_->metadata.labels;
    claim.metadata.annotations = template_->metadata.annotations;
    claim.spec = template_->spec;
  }
  claim.metadata.namespace_ = pod.metadata.namespace_;
  claim.metadata.name = volume::claim_name(pod, volume);
  claim.metadata.owner_references = {controller_reference(pod)};
  return claim;
}

class EphemeralVolumes final : public Controller {
 public:
  explicit EphemeralVolumes(Context& context)
      : context_(context),
        pods_(pods_by_claim(context.caches)),
        claims_(context.caches.of<PersistentVolumeClaim>()),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "ephemeral_volume") {
    pods_.add_listener([this](const Key& key, const Pod*, const Pod* now) {
      if (now != nullptr && is_active(*now) && has_ephemeral(*now)) queue_.add(key);
    });
    claims_.add_listener([this](const Key& key, const PersistentVolumeClaim*, const PersistentVolumeClaim* now) {
      if (now != nullptr) return;
      for (auto& pod : pods_of_claim(pods_, key.namespace_, key.name))
        if (has_ephemeral(*pod)) queue_.add({key.namespace_, pod->metadata.name});
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await pods_.wait_synced();
    co_await claims_.wait_synced();
    co_await client::run_workers("ephemeral-volume", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto pod = pods_.get(key);
    if (!pod || is_being_deleted(pod->metadata)) co_return {};
    for (const auto& volume : pod->spec.volumes) {
      if (!volume.ephemeral) continue;
      if (auto made = co_await ensure(*pod, volume); !made) {
        std::string why = base::cat({"ephemeral volume ", volume.name, ": ", made.error().message()});
        events_.record(client::EventRecorder::reference(*pod), client::EventType::Warning, "FailedBinding", why);
        co_return base::fail(made.error().code(), why);
      }
    }
    co_return {};
  }

  io::Task<Result<void>> ensure(Pod pod, Volume volume) {
    auto wanted = claim_for(pod, volume);
    if (auto claim = claims_.get(pod.metadata.namespace_, wanted.metadata.name)) {
      if (!volume::is_made_for(*claim, pod))
        co_return base::fail(base::Code::Conflict, volume::not_made_for(*claim, pod));
      co_return {};
    }
    std::string name = wanted.metadata.name;
    auto made = co_await context_.client.create(std::move(wanted));
    if (!made) co_return base::fail(made.error().with_context("create PVC " + name));
    co_return {};
  }

  Context& context_;
  client::Cache<Pod>& pods_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_ephemeral_volume_controller(Context& context) {
  return std::make_unique<EphemeralVolumes>(context);
}

}  // namespace controller
