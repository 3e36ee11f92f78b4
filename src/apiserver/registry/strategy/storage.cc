// Persistent volumes and the claims on them.

#include "apiserver/registry/validation/storage.h"

#include "api/core_v1.h"
#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/strategy/typed.h"
#include "apiserver/registry/validation/storage_warnings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

class PersistentVolumeStrategy final : public Typed<core::PersistentVolume> {
 public:
  Traits traits() const override { return {.returns_deleted_object = true, .update_checks_whole_metadata = true}; }

 protected:
  void born(const Situation& situation, core::PersistentVolume& next) const override {
    next.status = {};
    next.status.phase = "Pending";
    next.status.last_phase_transition_time = situation.now.truncated_to_seconds();
  }
  void status_changed(const Situation& situation, core::PersistentVolume& next,
                      const core::PersistentVolume& current) const override {
    auto& time = next.status.last_phase_transition_time;
    const auto& before = current.status.last_phase_transition_time;
    if (next.status.phase == current.status.phase) {
      if (time.is_zero()) time = before;
    } else if (time.is_zero() || time == before) {
      time = situation.now.truncated_to_seconds();
    }
  }
  FieldErrors check(const Situation&, const core::PersistentVolume& next,
                    const core::PersistentVolume* current) const override {
    return validate_persistent_volume(next, current);
  }
  void notice(const Situation& situation, const core::PersistentVolume& next,
              const core::PersistentVolume*) const override {
    warn_about_volume(situation.warnings, next);
  }
};

class PersistentVolumeClaimStrategy final : public Typed<core::PersistentVolumeClaim> {
 public:
  Traits traits() const override { return {.returns_deleted_object = true, .update_checks_whole_metadata = true}; }

 protected:
  void born(const Situation&, core::PersistentVolumeClaim& next) const override {
    next.status = {};
    next.status.phase = "Pending";
    drop_disabled_fields(next.spec, nullptr);
    drop_unknown_source(next.spec);
    agree_on_sources(next.spec);
  }
  void changed(const Situation&, core::PersistentVolumeClaim& next,
               const core::PersistentVolumeClaim& current) const override {
    drop_disabled_fields(next.spec, &current.spec);
    bool had_source = current.spec.data_source || current.spec.data_source_ref;
    if (!had_source) drop_unknown_source(next.spec);
    agree_on_sources(next.spec);
  }
  FieldErrors check(const Situation&, const core::PersistentVolumeClaim& next,
                    const core::PersistentVolumeClaim* current) const override {
    return validate_claim(next, current);
  }
  FieldErrors check_status(const Situation&, const core::PersistentVolumeClaim& next,
                           const core::PersistentVolumeClaim& current) const override {
    return validate_claim_status(next, current);
  }
  void notice(const Situation& situation, const core::PersistentVolumeClaim& next,
              const core::PersistentVolumeClaim*) const override {
    warn_about_claim(situation.warnings, next);
  }

 private:
  static bool is_known_source(const core::TypedLocalObjectReference& source) {
    std::string_view group = source.api_group ? std::string_view(*source.api_group) : std::string_view();
    if (source.kind == "PersistentVolumeClaim") return group.empty();
    return source.kind == "VolumeSnapshot" && group == "snapshot.storage.k8s.io";
  }
  // Of other kinds only the newer field may speak; who uses that knows what it does.
  static void drop_unknown_source(core::PersistentVolumeClaimSpec& spec) {
    if (!spec.data_source_ref && spec.data_source && !is_known_source(*spec.data_source)) spec.data_source.reset();
  }
  // Where one of the two fields is set the other says the same.
  static void agree_on_sources(core::PersistentVolumeClaimSpec& spec) {
    if (spec.data_source && !spec.data_source_ref) {
      core::TypedObjectReference source;
      source.api_group = spec.data_source->api_group;
      source.kind = spec.data_source->kind;
      source.name = spec.data_source->name;
      spec.data_source_ref = std::move(source);
    } else if (spec.data_source_ref && !spec.data_source &&
               (!spec.data_source_ref->namespace_ || spec.data_source_ref->namespace_->empty())) {
      core::TypedLocalObjectReference source;
      source.api_group = spec.data_source_ref->api_group;
      source.kind = spec.data_source_ref->kind;
      source.name = spec.data_source_ref->name;
      spec.data_source = std::move(source);
    }
  }
};

}  // namespace

void add_storage_strategies(StrategyMap& all) {
  all["persistentvolumes"] = std::make_unique<PersistentVolumeStrategy>();
  all["persistentvolumeclaims"] = std::make_unique<PersistentVolumeClaimStrategy>();
}

}  // namespace apiserver
