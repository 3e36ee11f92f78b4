#include "controller/volumeattributesclass_protection/volumeattributesclass_protection.h"

#include <set>

#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "client/queue.h"
#include "controller/common/claims.h"
#include "controller/common/ownership.h"
#include "volume/annotations.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::storage_k8s_io_v1::VolumeAttributesClass;
using base::Result;
using client::Key;

// The class wanted, the one it has, and the one it is on its way to.
std::set<std::string> classes_of(const PersistentVolumeClaim& claim) {
  std::set<std::string> out;
  if (claim.spec.volume_attributes_class_name) out.insert(*claim.spec.volume_attributes_class_name);
  if (claim.status.current_volume_attributes_class_name) out.insert(*claim.status.current_volume_attributes_class_name);
  if (claim.status.modify_volume_status)
    out.insert(claim.status.modify_volume_status->target_volume_attributes_class_name);
  return out;
}
std::set<std::string> classes_of(const PersistentVolume& volume) {
  if (!volume.spec.volume_attributes_class_name) return {};
  return {*volume.spec.volume_attributes_class_name};
}
template <class T>
std::vector<std::string> index_of(const T& object) {
  auto names = classes_of(object);
  return {names.begin(), names.end()};
}

constexpr const char* kIndex = "attributes-class";

class AttributesClassProtection final : public Controller {
 public:
  explicit AttributesClassProtection(Context& context)
      : context_(context),
        classes_(context.caches.of<VolumeAttributesClass>()),
        claims_(context.caches.indexed<PersistentVolumeClaim>(kIndex, index_of<PersistentVolumeClaim>)),
        volumes_(context.caches.indexed<PersistentVolume>(kIndex, index_of<PersistentVolume>)),
        queue_(context.random) {
    classes_.add_listener([this](const Key& key, const VolumeAttributesClass*, const VolumeAttributesClass* now) {
      if (now != nullptr) queue_.add(key);
    });
    claims_.add_listener([this](const Key&, const PersistentVolumeClaim* before, const PersistentVolumeClaim*) {
      if (before != nullptr) let_go(classes_of(*before));
    });
    volumes_.add_listener([this](const Key&, const PersistentVolume* before, const PersistentVolume*) {
      if (before != nullptr) let_go(classes_of(*before));
    });
  }

  io::Task<void> run() override {
    co_await classes_.wait_synced();
    co_await claims_.wait_synced();
    co_await volumes_.wait_synced();
    co_await client::run_workers("volumeattributesclass-protection", queue_, 1,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void let_go(const std::set<std::string>& names) {
    for (auto& name : names) queue_.add({"", name});
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto one = classes_.get(key);
    if (!one) co_return {};
    VolumeAttributesClass next = *one;
    if (is_being_deleted(one->metadata)) {
      bool used = !claims_.by_index(kIndex, key.name).empty() || !volumes_.by_index(kIndex, key.name).empty();
      if (used || !remove_finalizer(next.metadata, volume::kAttributesClassProtection)) co_return {};
    } else if (!add_finalizer(next.metadata, volume::kAttributesClassProtection)) {
      co_return {};
    }
    auto written = co_await context_.client.update(std::move(next));
    if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
    co_return {};
  }

  Context& context_;
  client::Cache<VolumeAttributesClass>& classes_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<PersistentVolume>& volumes_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_volumeattributesclass_protection_controller(Context& context) {
  return std::make_unique<AttributesClassProtection>(context);
}

}  // namespace controller
