#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/field_management.h"
#include "apiserver/registry/mend_metadata.h"
#include "apiserver/registry/metadata.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/registry.h"
#include "base/strings.h"
#include "schema/defaults.h"

namespace apiserver {
namespace {

constexpr std::string_view kModified =
    "the object has been modified; please apply your changes to the latest version and try again";
constexpr int kTriesMax = 100;  // lost races with other writers of one object

// Whether an update leaves nothing to live for: marked for deletion, out of finalizers and of time.
bool is_at_end(const Served& served, const schema::Object& next, const schema::Object& current) {
  if (served.strategy().ends_with(next)) return true;
  const auto& meta = next.meta();
  if (meta.deletion_timestamp.is_zero() || !meta.finalizers.empty()) return false;
  if (!current.meta().deletion_grace_period_seconds || *current.meta().deletion_grace_period_seconds != 0) return false;
  return served.row().plural != "namespaces";
}

bool is_any_version(std::string_view resource_version) {
  return resource_version.empty() || resource_version == "0";
}

// Whether an update was made of another state than the one that is there.
bool is_outdated(const schema::Object& next, const schema::Object& current) {
  const std::string& asked = next.meta().resource_version;
  return !is_any_version(asked) && asked != current.meta().resource_version;
}

io::Task<base::Result<schema::Object>> copy_of(schema::Object object) {
  co_return object;
}

}  // namespace

io::Task<base::Result<Answer>> Registry::update(Call& call, const Served& served, Part part) {
  CO_TRY(auto query, read_write_query(call.query, "UpdateOptions"));
  CO_TRY(auto object, decode_body(call, served.type(), query.field_validation));
  schema::apply_defaults(object);
  auto& meta = object.meta();
  drop_duplicate_owners(meta, call, When::Sent);
  const std::string& name = call.info.name;
  if (meta.name.empty()) {
    co_return base::fail(bad_request(
        base::cat({"the name of the object (", name, " based on URL) was undeterminable: name must be provided"})));
  }
  if (meta.name != name) {
    co_return base::fail(bad_request(
        base::cat({"the name of the object (", meta.name, ") does not match the name on the URL (", name, ")"})));
  }
  std::string namespace_ = served.row().namespaced ? call.info.namespace_ : std::string();
  if (served.row().namespaced) {
    if (meta.namespace_.empty()) meta.namespace_ = namespace_;
    if (meta.namespace_ != namespace_) {
      co_return base::fail(
          bad_request("the namespace of the provided object does not match the namespace sent on the request"));
    }
  }
  WriteOptions options;
  options.part = part;
  options.subresource = call.info.subresource;
  options.dry_run = query.dry_run;
  options.field_manager = manager_name(query.field_manager, call.user_agent);
  options.uid = meta.uid;
  MakeNext next = [object = std::move(object)](const schema::Object*) { return copy_of(object); };
  CO_TRY(auto written, co_await write(call, served, namespace_, name, std::move(next), std::move(options)));
  co_return Answer::of(std::move(written.object), written.created ? 201 : 200, &served);
}

io::Task<base::Result<Registry::Written>> Registry::write(Call& call, const Served& served, std::string namespace_,
                                                          std::string name, MakeNext make_next, WriteOptions options) {
  const auto& row = served.row();
  const std::string key = served.key(namespace_, name);
  Turns::Turn turn = co_await turns_.take(key);
  for (int i = 0; i < kTriesMax; ++i) {
    CO_TRY(auto entry, co_await options_.store.get(key));
    schema::Object current;
    if (entry == nullptr) {
      bool may_create = options.part == Part::Main && (served.traits().create_on_update || options.force_create);
      if (!may_create) co_return base::fail(not_found(row.group, row.plural, name));
      CO_TRY(auto object, co_await make_next(nullptr));
      object.meta().resource_version.clear();
      object.meta().namespace_ = namespace_;
      if (!options.field_manager.empty()) {
        track_fields(field_management(call, served, options.field_manager, options.subresource), nullptr, object);
      }
      auto created = co_await try_create(call, served, std::move(object), options, namespace_);
      if (!created && created.error().code() == base::Code::AlreadyExists) continue;
      if (!created) co_return base::fail(std::move(created).error());
      co_return Written{std::move(*created), true};
    }
    CO_TRY(current, co_await decode(served, entry));
    if (!options.uid.empty() && options.uid != current.meta().uid) {
      co_return base::fail(
          conflict(row.group, row.plural, name,
                   base::cat({"StorageError: invalid object, Code: 4, Key: ", key,
                              ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ",
                              options.uid, ", UID in object meta: ", current.meta().uid})));
    }
    CO_TRY(auto next, co_await make_next(&current));
    // Whose fields they are does not matter of what will be refused.
    if (!options.field_manager.empty() && !is_outdated(next, current)) {
      track_fields(field_management(call, served, options.field_manager, options.subresource), &current, next);
    }
    // Mutating steps see the object before the strategy has put back what is not theirs to change.
    Attempt attempt{.operation = Operation::Update,
                    .served = served,
                    .subresource = options.subresource,
                    .namespace_ = namespace_,
                    .name = name,
                    .user = call.user,
                    .dry_run = options.dry_run,
                    .object = &next,
                    .current = &current,
                    .warnings = call.warnings,
                    .reader = reader_,
                    .now = now(),
                    .audit_annotations = &call.audit_annotations,
                    .call = &call};
    if (!options.admitted) {
      auto managed = next.meta().managed_fields;
      CO_TRY(co_await options_.admission.admit(attempt));
      keep_readable_managed_fields(next.meta(), std::move(managed), call);
      drop_duplicate_owners(next.meta(), call, When::Admitted);
    }
    keep_unchanged_times(next, current);
    const std::string& asked = next.meta().resource_version;
    if (is_any_version(asked)) {
      if (!served.traits().unconditional_update) {
        co_return base::fail(
            invalid(row.group, row.plural, name,
                    {schema::FieldError::invalid(schema::FieldPath("metadata").child("resourceVersion"), 0,
                                                 "must be specified for an update")}));
      }
    } else if (asked != current.meta().resource_version) {
      if (!base::parse_uint(asked)) {
        co_return base::fail(
            invalid(row.group, row.plural, name,
                    {schema::FieldError::invalid(
                        schema::FieldPath("metadata").child("resourceVersion"), asked,
                        base::cat({"strconv.ParseUint: parsing ", base::quote(asked), ": invalid syntax"}))}));
      }
      co_return base::fail(conflict(row.group, row.plural, name, kModified));
    }
    CO_TRY(auto taken, co_await options_.allocations.claim(next, &current, options.dry_run));
    auto finished = prepare_update(call, served, next, current, options);
    if (finished && !options.admitted) finished = co_await options_.admission.validate(attempt);
    if (!finished) {
      co_await options_.allocations.give_back(std::move(taken));
      co_return base::fail(std::move(finished).error());
    }
    bool ends = is_at_end(served, next, current);
    next.meta().resource_version.clear();
    auto encoded = co_await encode(served, next);
    if (!encoded) {
      co_await options_.allocations.give_back(std::move(taken));
      co_return base::fail(std::move(encoded).error());
    }
    const base::Bytes bytes = std::move(*encoded);
    if (options.dry_run) {
      co_await options_.allocations.give_back(std::move(taken));
      next.meta().resource_version = current.meta().resource_version;
      co_return Written{std::move(next), false};
    }
    // The same again is written all the same when it is kept in a form of the past: so keys are rotated.
    bool unchanged = !ends && bytes.view() == entry->value.view() && options_.store.is_current(*entry);
    if (unchanged) {
      next.meta().resource_version = current.meta().resource_version;
      co_return Written{std::move(next), false};
    }
    bool lost = false;
    auto written = co_await options_.store.update(key, [&](const store::Entry* there) -> base::Result<store::Change> {
      lost = there == nullptr || there->revision != entry->revision;
      if (lost) return store::Change::keep();
      return ends ? store::Change::remove() : store::Change::put(bytes);
    });
    if (!written || lost) {
      co_await options_.allocations.give_back(std::move(taken));
      if (!written) co_return base::fail(std::move(written).error());
      continue;
    }
    co_await options_.allocations.release(current, ends ? nullptr : &next);
    if (!ends && served.custom() != nullptr && served.needs_conversion()) {
      CO_TRY(next, co_await decode(served, written->entry));
      co_return Written{std::move(next), false};
    }
    // What has ended shows the state it had last.
    next.meta().resource_version = ends ? current.meta().resource_version : std::to_string(written->entry->revision);
    co_return Written{std::move(next), false};
  }
  co_return base::fail(conflict(row.group, row.plural, name, kModified));
}

}  // namespace apiserver
