#include "apiserver/registry/registry.h"

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/field_management.h"
#include "apiserver/registry/metadata.h"
#include "apiserver/registry/reset_fields.h"
#include "schema/custom.h"

namespace apiserver {

void Call::warn(std::string text) {
  for (const auto& warning : warnings) {
    if (warning == text) return;
  }
  warnings.push_back(std::move(text));
}

namespace {

// What an object says it is, as complaints name it.
std::string_view kind_of(const schema::Object& object) {
  const schema::Custom* custom = schema::custom_of(object);
  return custom != nullptr && !custom->kind.empty() ? std::string_view(custom->kind) : object.kind();
}

}  // namespace

Registry::Registry(const Options& options) : options_(options), reader_(options.store, options.catalog) {}

base::Time Registry::now() const {
  return base::Time::from_ns(options_.clock.wall_ns());
}

FieldManagement Registry::field_management(const Call& call, const Served& served, std::string_view field_manager,
                                           std::string_view subresource) const {
  return {manager_name(field_manager, call.user_agent), std::string(subresource),
          ownable_fields(served.row(), subresource), now(), options_.catalog.custom()};
}

// What every object goes through at birth.
base::Result<void> Registry::prepare_create(Call& call, const Served& served, schema::Object& object,
                                            const WriteOptions& options) {
  const Strategy& strategy = served.strategy();
  const Traits& traits = served.traits();
  Situation situation{served, call.user, options.subresource, now(), call.warnings};
  auto& meta = object.meta();
  if (!traits.keeps_status_on_create && served.row().subresource("status") != nullptr) clear_field(object, "status");
  bool counts = traits.generation != GenerationRule::None && traits.generation != GenerationRule::FromUpdate;
  meta.generation = counts ? 1 : 0;
  strategy.prepare_create(situation, object);
  bool namespaced = served.row().namespaced;
  auto errors = validate_metadata(meta, nullptr, namespaced, traits);
  schema::append(errors, strategy.validate_create(situation, object));
  if (errors.empty()) errors = validate_common_metadata(meta, nullptr, namespaced);
  if (!errors.empty()) return base::fail(invalid(served.stored_type().group, kind_of(object), meta.name, errors));
  TRY(strategy.allow_create(situation, object));
  strategy.warn(situation, object, nullptr);
  return {};
}

// What every object goes through when it changes.
base::Result<void> Registry::prepare_update(Call& call, const Served& served, schema::Object& next,
                                            const schema::Object& current, const WriteOptions& options) {
  const Strategy& strategy = served.strategy();
  const Traits& traits = served.traits();
  Situation situation{served, call.user, options.subresource, now(), call.warnings};
  keep_system_metadata(next.meta(), current.meta());
  if (options.part == Part::Status) {
    copy_fields_but(next, current, "status");
    if (traits.status_keeps_labels) {
      next.meta().labels = current.meta().labels;
    }
    strategy.prepare_status(situation, next, current);
  } else {
    if (options.part == Part::Main && served.row().subresource("status") != nullptr)
      copy_field(next, current, "status");
    strategy.prepare_update(situation, next, current);
    bool counts = options.counts_generation && traits.generation != GenerationRule::None &&
                  traits.generation != GenerationRule::OnlyFirst;
    // What has no status of its own has nothing that does not count.
    bool changed =
        counts && !fields_equal_but(next, current, served.row().subresource("status") != nullptr ? "status" : "",
                                    traits.generation == GenerationRule::OnSpecExactly ? schema::EmptyAndAbsent::Differ
                                                                                       : schema::EmptyAndAbsent::Alike);
    if (traits.generation == GenerationRule::OnSpecAndLabels) changed |= next.meta().labels != current.meta().labels;
    if (traits.generation == GenerationRule::OnSpecAndAnnotations)
      changed |= next.meta().annotations != current.meta().annotations;
    if (changed) next.meta().generation = current.meta().generation + 1;
  }
  bool namespaced = served.row().namespaced;
  auto errors = validate_common_metadata(next.meta(), &current.meta(), namespaced);
  Traits asked = traits;
  asked.update_checks_whole_metadata &= options.part == Part::Main;
  schema::append(errors, validate_metadata(next.meta(), &current.meta(), namespaced, asked));
  schema::append(errors, options.part == Part::Status ? strategy.validate_status(situation, next, current)
                                                      : strategy.validate_update(situation, next, current));
  if (!errors.empty()) return base::fail(invalid(served.stored_type().group, kind_of(next), next.meta().name, errors));
  strategy.warn(situation, next, &current);
  return {};
}

}  // namespace apiserver
