#include "controller/pv_protection/pv_protection.h"

#include "api/core_v1.h"
#include "client/queue.h"
#include "controller/common/claims.h"
#include "controller/common/ownership.h"
#include "volume/annotations.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolume;
using base::Result;
using client::Key;

class VolumeProtection final : public Controller {
 public:
  explicit VolumeProtection(Context& context)
      : context_(context), volumes_(context.caches.of<PersistentVolume>()), queue_(context.random) {
    volumes_.add_listener([this](const Key& key, const PersistentVolume*, const PersistentVolume* now) {
      if (now != nullptr) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    co_await volumes_.wait_synced();
    co_await client::run_workers("pv-protection", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto volume = volumes_.get(key);
    if (!volume) co_return {};
    PersistentVolume next = *volume;
    if (is_being_deleted(volume->metadata)) {
      if (volume->status.phase == "Bound" || !remove_finalizer(next.metadata, volume::kVolumeProtection)) co_return {};
    } else if (!add_finalizer(next.metadata, volume::kVolumeProtection)) {
      co_return {};
    }
    auto written = co_await context_.client.update(std::move(next));
    if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
    co_return {};
  }

  Context& context_;
  client::Cache<PersistentVolume>& volumes_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_pv_protection_controller(Context& context) {
  return std::make_unique<VolumeProtection>(context);
}

}  // namespace controller
