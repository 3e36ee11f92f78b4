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

constexpr int kGeneratedNameTries = 8;
constexpr size_t kGeneratedPrefixMax = 63 - 5;

// The namespace of the URL is the object's.
base::Result<void> settle_namespace(const Served& served, const std::string& namespace_, schema::Object& object) {
  auto& meta = object.meta();
  if (!served.row().namespaced) {
    meta.namespace_.clear();
    return {};
  }
  if (meta.namespace_.empty()) meta.namespace_ = namespace_;
  if (meta.namespace_ != namespace_) {
    return base::fail(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  }
  return {};
}

}  // namespace

io::Task<base::Result<Answer>> Registry::create(Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_body(call, served.type(), query.field_validation));
  WriteOptions options;
  options.dry_run = query.dry_run;
  options.field_manager = manager_name(query.field_manager, call.user_agent);
  schema::apply_defaults(object);
  CO_TRY(auto stored, co_await create_object(call, served, std::move(object), std::move(options)));
  co_return Answer::of(std::move(stored), 201, &served);
}

io::Task<base::Result<schema::Object>> Registry::create_object(Call& call, const Served& served, schema::Object object,
                                                               WriteOptions options) {
  std::string namespace_ = served.row().namespaced ? call.info.namespace_ : std::string();
  auto& meta = object.meta();
  if (!meta.resource_version.empty()) {
    co_return base::fail(plain_error("resourceVersion should not be set on objects to be created"));
  }
  CO_TRY(settle_namespace(served, namespace_, object));
  drop_duplicate_owners(meta, call, When::Sent);
  if (!options.field_manager.empty()) {
    track_fields(field_management(call, served, options.field_manager, options.subresource), nullptr, object);
  }
  if (!meta.name.empty() || meta.generate_name.empty()) {
    co_return co_await try_create(call, served, std::move(object), options, namespace_);
  }
  for (int i = 0;; ++i) {
    schema::Object attempt = object;
    auto& name = attempt.meta().name;
    name = attempt.meta().generate_name.substr(0, kGeneratedPrefixMax) + options_.random.name_suffix();
    std::string tried = name;
    auto created = co_await try_create(call, served, std::move(attempt), options, namespace_);
    if (created || created.error().code() != base::Code::AlreadyExists) co_return created;
    if (i + 1 == kGeneratedNameTries) {
      co_return base::fail(generate_name_conflict(served.row().group, served.row().plural, tried));
    }
  }
}

io::Task<base::Result<schema::Object>> Registry::try_create(Call& call, const Served& served, schema::Object object,
                                                            const WriteOptions& options, std::string namespace_) {
  fill_system_metadata(object.meta(), now(), options_.random);
  std::string name = object.meta().name;
  Attempt attempt{.operation = Operation::Create,
                  .served = served,
                  .subresource = options.subresource,
                  .namespace_ = namespace_,
                  .name = name,
                  .user = call.user,
                  .dry_run = options.dry_run,
                  .object = &object,
                  .warnings = call.warnings,
                  .reader = reader_,
                  .now = now(),
                  .audit_annotations = &call.audit_annotations,
                  .call = &call};
  auto managed = object.meta().managed_fields;
  CO_TRY(co_await options_.admission.admit(attempt));
  keep_readable_managed_fields(object.meta(), std::move(managed), call);
  drop_duplicate_owners(object.meta(), call, When::Admitted);
  CO_TRY(auto taken, co_await options_.allocations.claim(object, nullptr, options.dry_run));
  auto finished = prepare_create(call, served, object, options);
  if (finished) finished = co_await options_.admission.validate(attempt);
  if (!finished) {
    co_await options_.allocations.give_back(std::move(taken));
    co_return base::fail(std::move(finished).error());
  }

  std::string key = served.key(object.meta().namespace_, object.meta().name);
  const auto& row = served.row();
  if (options.dry_run) {
    co_await options_.allocations.give_back(std::move(taken));
    CO_TRY(auto current, co_await options_.store.get(key));
    if (current != nullptr) co_return base::fail(already_exists(row.group, row.plural, name));
    object.meta().resource_version.clear();
    co_return object;
  }
  auto encoded = co_await encode(served, object);
  if (!encoded) {
    co_await options_.allocations.give_back(std::move(taken));
    co_return base::fail(std::move(encoded).error());
  }
  const base::Bytes bytes = std::move(*encoded);
  auto written = co_await options_.store.update(key, [&](const store::Entry* current) -> base::Result<store::Change> {
    if (current == nullptr) return store::Change::put(bytes);
    auto error = already_exists(row.group, row.plural, name);
    auto there = served.decode(*current);
    if (there && !there->meta().deletion_timestamp.is_zero()) {
      return base::fail(base::Error(error.with_context("object is being deleted")));
    }
    return base::fail(std::move(error));
  });
  if (!written) {
    co_await options_.allocations.give_back(std::move(taken));
    co_return base::fail(std::move(written).error());
  }
  if (served.custom() != nullptr && served.needs_conversion()) co_return co_await decode(served, written->entry);
  object.meta().resource_version = std::to_string(written->entry->revision);
  co_return object;
}

}  // namespace apiserver
