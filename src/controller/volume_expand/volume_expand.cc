#include "controller/volume_expand/volume_expand.h"

#include "api/core_v1.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "volume/claim.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using base::Result;
using client::Key;

class VolumeExpand final : public Controller {
 public:
  explicit VolumeExpand(Context& context)
      : claims_(context.caches.of<PersistentVolumeClaim>()),
        volumes_(context.caches.of<PersistentVolume>()),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "volume_expand") {
    claims_.add_listener([this](const Key& key, const PersistentVolumeClaim* before, const PersistentVolumeClaim* now) {
      if (now == nullptr || now->status.phase != "Bound") return;
      bool grows = before == nullptr || volume::requested(*before) < volume::requested(*now);
      if (grows && size(*now) < volume::requested(*now)) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await claims_.wait_synced();
    co_await volumes_.wait_synced();
    co_await client::run_workers("volume-expand", queue_, 1, [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static base::Quantity size(const PersistentVolumeClaim& claim) {
    auto found = claim.status.capacity.find("storage");
    return found == claim.status.capacity.end() ? base::Quantity() : found->second;
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto claim = claims_.get(key);
    if (!claim || claim->spec.volume_name.empty() || !(size(*claim) < volume::requested(*claim))) co_return {};
    auto volume = volumes_.get("", claim->spec.volume_name);
    if (!volume || !volume->spec.claim_ref || volume->spec.claim_ref->uid != claim->metadata.uid) co_return {};
    auto tell = [&](client::EventType type, std::string message) {
      events_.record(client::EventRecorder::reference(*claim), type, "ExternalExpanding", std::move(message));
    };
    // The driver's own resizer watches claims and does the work. No plugin here does.
    if (volume->spec.csi)
      tell(client::EventType::Normal, "waiting for an external controller to expand this PVC");
    else
      tell(client::EventType::Warning,
           "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting "
           "for an external controller to process this PVC.");
    co_return {};
  }

  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<PersistentVolume>& volumes_;
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_volume_expand_controller(Context& context) {
  return std::make_unique<VolumeExpand>(context);
}

}  // namespace controller
