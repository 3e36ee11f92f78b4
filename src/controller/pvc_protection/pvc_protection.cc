#include "controller/pvc_protection/pvc_protection.h"

#include <algorithm>

#include "client/queue.h"
#include "controller/common/claims.h"
#include "controller/common/ownership.h"
#include "volume/annotations.h"
#include "volume/names.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using base::Result;
using client::Key;

// A pod without a node does not count: no kubelet starts it while its claim is being deleted.
bool uses(const Pod& pod, const PersistentVolumeClaim& claim) {
  if (pod.spec.node_name.empty()) return false;
  return std::ranges::any_of(pod.spec.volumes, [&](const auto& volume) {
    if (volume::claim_name(pod, volume) != claim.metadata.name) return false;
    return !volume.ephemeral || volume::is_made_for(claim, pod);
  });
}

class ClaimProtection final : public Controller {
 public:
  explicit ClaimProtection(Context& context)
      : context_(context),
        claims_(context.caches.of<PersistentVolumeClaim>()),
        pods_(pods_by_claim(context.caches)),
        queue_(context.random) {
    claims_.add_listener([this](const Key& key, const PersistentVolumeClaim*, const PersistentVolumeClaim* now) {
      if (now != nullptr) queue_.add(key);
    });
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) {
      if (now != nullptr && !is_terminal(*now)) return;
      const Pod& pod = now != nullptr ? *now : *before;
      for (const auto& volume : pod.spec.volumes)
        if (auto name = volume::claim_name(pod, volume); !name.empty()) queue_.add({key.namespace_, name});
    });
  }

  io::Task<void> run() override {
    co_await claims_.wait_synced();
    co_await pods_.wait_synced();
    co_await client::run_workers("pvc-protection", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto claim = claims_.get(key);
    if (!claim) co_return {};
    PersistentVolumeClaim next = *claim;
    if (is_being_deleted(claim->metadata)) {
      if (!remove_finalizer(next.metadata, volume::kClaimProtection)) co_return {};
      CO_TRY(bool used, co_await is_used(*claim));
      if (used) co_return {};
    } else if (!add_finalizer(next.metadata, volume::kClaimProtection)) {
      co_return {};
    }
    auto written = co_await context_.client.update(std::move(next));
    if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
    co_return {};
  }

  // What is let go cannot be had back: when the cache knows of no user the API is asked.
  io::Task<Result<bool>> is_used(PersistentVolumeClaim claim) {
    for (auto& pod : pods_of_claim(pods_, claim.metadata.namespace_, claim.metadata.name))
      if (uses(*pod, claim)) co_return true;
    CO_TRY(auto pods, co_await context_.client.list<Pod>(claim.metadata.namespace_));
    co_return std::ranges::any_of(pods.items, [&](const Pod& pod) { return uses(pod, claim); });
  }

  Context& context_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<Pod>& pods_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_pvc_protection_controller(Context& context) {
  return std::make_unique<ClaimProtection>(context);
}

}  // namespace controller
