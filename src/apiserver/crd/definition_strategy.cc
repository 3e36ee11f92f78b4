// How custom resource definitions are checked and changed.

#include <algorithm>

#include "apiserver/crd/conditions.h"
#include "apiserver/crd/definition_validation.h"
#include "apiserver/registry/strategy/special.h"

namespace apiserver {
namespace {

using crd::Definition;
using schema::FieldErrors;
using schema::Object;

// The version that is stored from now on joins those that ever were.
void note_stored_version(Definition& definition) {
  auto& stored = definition.status.stored_versions;
  for (const auto& version : definition.spec.versions) {
    if (!version.storage) continue;
    if (std::ranges::find(stored, version.name) == stored.end()) stored.push_back(version.name);
    return;
  }
}

class DefinitionStrategy final : public Strategy {
 public:
  Traits traits() const override {
    return {.unconditional_update = false,
            .keeps_status_on_create = false,
            .generation = GenerationRule::OnSpec,
            .metadata_rule = MetadataRule::Generic};
  }

  void prepare_create(const Situation&, Object& next) const override { note_stored_version(next.as<Definition>()); }
  void prepare_update(const Situation&, Object& next, const Object&) const override {
    note_stored_version(next.as<Definition>());
  }
  void prepare_status(const Situation&, Object& next, const Object& current) const override {
    // What is cleaned up is told by a finalizer, which goes with the status that says so.
    auto finalizers = std::move(next.meta().finalizers);
    auto managers = std::move(next.meta().managed_fields);
    std::string version = next.meta().resource_version;
    next.meta() = current.meta();
    next.meta().finalizers = std::move(finalizers);
    next.meta().managed_fields = std::move(managers);
    next.meta().resource_version = std::move(version);
  }

  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return crd::validate_definition(next.as<Definition>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return crd::validate_definition(next.as<Definition>(), &current.as<Definition>());
  }
  FieldErrors validate_status(const Situation&, const Object& next, const Object&) const override {
    return crd::validate_definition_status(next.as<Definition>());
  }

  // The first time it is told to go it begins to clean up; only then it goes as everybody does.
  void mark_deleting(const Situation& situation, Object& next) const override {
    auto& definition = next.as<Definition>();
    if (crd::find_condition(definition, "Terminating") != nullptr) return;
    auto& meta = definition.metadata;
    if (meta.deletion_timestamp.is_zero()) meta.deletion_timestamp = situation.now.truncated_to_seconds();
    meta.deletion_grace_period_seconds.reset();
    if (!crd::has_cleanup_finalizer(definition)) meta.finalizers.emplace_back(crd::kCleanupFinalizer);
    crd::set_condition(definition, "Terminating", true, "InstanceDeletionPending",
                       "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
                       situation.now);
  }
  bool outlives_delete(const Object& next) const override { return crd::has_cleanup_finalizer(next.as<Definition>()); }
  bool ends_with(const Object& next) const override {
    return !next.meta().deletion_timestamp.is_zero() && next.meta().finalizers.empty();
  }
};

}  // namespace

void add_custom_strategies(StrategyMap& all) {
  all["customresourcedefinitions.apiextensions.k8s.io"] = std::make_unique<DefinitionStrategy>();
}

}  // namespace apiserver
