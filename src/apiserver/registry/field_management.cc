#include "apiserver/registry/field_management.h"

#include <algorithm>
#include <map>

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/apply_errors.h"
#include "apiserver/registry/kind_versions.h"
#include "apiserver/registry/last_applied.h"
#include "apiserver/registry/normalize.h"
#include "base/strings.h"
#include "schema/apply/ownership.h"
#include "schema/apply/struct_items.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "schema/loose_conversion.h"

namespace apiserver {
namespace {

namespace apply = schema::apply;
namespace meta = api::meta_v1;

constexpr size_t kManagerBytesMax = 128;
constexpr std::string_view kBeforeFirstApply = "before-first-apply";
constexpr std::string_view kUnknown = "unknown";

bool is_reset(const apply::Managed::Entries& entries) {
  return entries.size() == 1 && entries.front() == meta::ManagedFieldsEntry();
}

apply::Managed or_none(base::Result<apply::Managed> managed) {
  return managed ? std::move(*managed) : apply::Managed();
}

// What the request says about managed fields, or else what is known of the live object. Subresources have no say.
apply::Managed managed_of(const FieldManagement& management, const meta::ObjectMeta& live,
                          const meta::ObjectMeta& next) {
  if (!management.subresource.empty()) return or_none(apply::Managed::decode(live.managed_fields, live.managed_fields));
  if (is_reset(next.managed_fields)) return {};
  auto managed = apply::Managed::decode(next.managed_fields, live.managed_fields);
  if (managed && !managed->empty()) return std::move(*managed);
  return or_none(apply::Managed::decode(live.managed_fields, live.managed_fields));
}

apply::ManagerId id_of(const FieldManagement& management, std::string_view manager, std::string_view operation,
                       std::string_view version) {
  return apply::ManagerId::of(manager, operation, version, management.subresource);
}

base::Result<void> update(const FieldManagement& management, std::string_view manager, apply::Managed& managed,
                          const schema::Object& before, const schema::Object& after) {
  const schema::Type& type = after.type();
  const KindVersions versions(type, management.custom);
  std::string version = type.api_version();
  return apply::update(managed,
                       {.versions = versions,
                        .api_version = version,
                        .filter = management.ownable,
                        .manager = id_of(management, manager, "Update", version),
                        .now = management.now,
                        .comparison = apply::compare(type, before.data(), after.data()),
                        .live_at = [&](const apply::Path& path) { return apply::value_at(type, before.data(), path); },
                        .live = [&] { return schema::to_value(before); },
                        .next = [&] { return schema::to_value(after); }});
}

// An object as upstream's messages name it: "ns/name; apps/v1, Kind=Deployment".
std::string shown(const schema::Value& object) {
  auto version = object.text_at({"apiVersion"});
  return base::cat({object.text_at({"metadata", "namespace"}), "/", object.text_at({"metadata", "name"}), "; ",
                    version.find('/') == std::string_view::npos ? "/" : "", version,
                    ", Kind=", object.text_at({"kind"})});
}

// What says of which kind a configuration is, as upstream prints it: "/v1, Kind=Pod".
std::string shown_kind(const schema::Value& config) {
  auto version = config.text_at({"apiVersion"});
  if (std::count(version.begin(), version.end(), '/') > 1) return "/, Kind=";
  return base::cat(
      {version.find('/') == std::string_view::npos ? "/" : "", version, ", Kind=", config.text_at({"kind"})});
}

base::Result<schema::Object> object_of(const schema::Type& type, schema::Value& tree) {
  if (type.form != schema::Form::Custom) TRY(schema::convert_loosely(type, tree));
  TRY(auto object, schema::from_value(type, tree));
  normalize(object);
  return object;
}

base::Result<void> check_config(const schema::Type& type, const schema::Value& config) {
  if (config.text_at({"apiVersion"}) != type.api_version() || config.text_at({"kind"}) != type.name) {
    return base::fail(bad_request("invalid object type: " + shown_kind(config)));
  }
  const schema::Value* sent = config.at({"metadata", "managedFields"});
  if (sent != nullptr && sent->is_array()) return base::fail(bad_request("metadata.managedFields must be nil"));
  if (auto good = apply::validate(*KindVersions(type).type(type.api_version()), config, apply::Duplicates::Refused);
      !good) {
    return base::fail(plain_error(
        base::cat({"failed to create typed patch object (", shown(config), "): ", good.error().message()})));
  }
  return {};
}

// One try at applying, which changes `managed` only when it succeeds.
std::expected<std::optional<schema::Value>, apply::Refusal> attempt(apply::Managed& managed,
                                                                    const apply::Apply& request) {
  apply::Managed next = managed;
  auto applied = apply::apply(next, request);
  if (applied) managed = std::move(next);
  return applied;
}

// What kubectl applied on the client's side before is its own to take over, as long as nobody has changed it since.
std::expected<std::optional<schema::Value>, apply::Refusal> apply_with_upgrade(apply::Managed& managed,
                                                                               apply::Apply request,
                                                                               const schema::apply::TypeRef& type) {
  auto applied = attempt(managed, request);
  if (applied || applied.error().conflicts.empty() || request.manager.manager != kKubectl) return applied;
  auto allowed = last_applied_fields(type, request.api_version, request.live);
  if (!allowed) return applied;
  auto& conflicts = applied.error().conflicts;
  std::erase_if(conflicts, [&](const apply::Conflict& conflict) { return allowed->has(conflict.path); });
  if (!conflicts.empty()) return applied;
  request.force = true;
  return attempt(managed, request);
}

}  // namespace

std::string manager_name(std::string_view field_manager, std::string_view user_agent) {
  if (!field_manager.empty()) return std::string(field_manager);
  std::string_view agent = user_agent.substr(0, user_agent.find('/'));
  std::string name;
  for (size_t i = 0; i < agent.size();) {
    // A whole character of UTF-8, or one bad byte.
    size_t size = 1;
    while (i + size < agent.size() && (static_cast<uint8_t>(agent[i + size]) & 0xC0) == 0x80) ++size;
    auto byte = static_cast<uint8_t>(agent[i]);
    bool printable = byte >= 0x20 && byte != 0x7f;
    if (printable) {
      if (name.size() + size > kManagerBytesMax) break;
      name += agent.substr(i, size);
    }
    i += size;
  }
  return name.empty() ? std::string(kUnknown) : name;
}

void track_fields(const FieldManagement& management, const schema::Object* current, schema::Object& next) {
  if (!next.has_meta()) return;
  const schema::Object nothing = current == nullptr ? schema::Object(next.type()) : schema::Object();
  const schema::Object& before = current == nullptr ? nothing : *current;
  apply::Managed managed = managed_of(management, before.meta(), next.meta());
  next.meta().managed_fields.clear();
  // Whose fields were reset, or never tracked, stays without.
  if (managed.empty() && !before.meta().uid.empty()) return;
  if (!update(management, management.manager, managed, before, next)) return;
  next.meta().managed_fields = managed.encode();
}

base::Result<schema::Object> apply_config(const FieldManagement& management, const schema::Type& type,
                                          const schema::Object* current, const schema::Value& config, bool force) {
  const schema::Object live = current == nullptr ? schema::Object(type) : *current;
  const auto& entries = live.meta().managed_fields;
  auto managed = apply::Managed::decode(entries, entries);
  if (!managed) return base::fail(plain_error("failed to decode managed fields: " + managed.error().message()));
  TRY(check_config(type, config));
  if (managed->empty()) {
    if (auto done = update(management, kBeforeFirstApply, *managed, schema::Object(type), live); !done) {
      return base::fail(plain_error("failed to create manager for existing fields: " + done.error().message()));
    }
  }
  const KindVersions versions(type, management.custom);
  std::string version = type.api_version();
  schema::Value tree = schema::to_value(live);
  if (schema::Value* metadata = tree.find("metadata"); metadata != nullptr && metadata->is_object()) {
    metadata->as_object().erase("managedFields");
  }
  auto applied = apply_with_upgrade(*managed,
                                    {.versions = versions,
                                     .api_version = version,
                                     .filter = management.ownable,
                                     .manager = id_of(management, management.manager, "Apply", version),
                                     .now = management.now,
                                     .live = tree,
                                     .config = config,
                                     .force = force},
                                    *versions.type(version));
  if (!applied) return base::fail(apply_refused(applied.error()));
  schema::Object next = live;
  if (*applied) {
    auto object = object_of(type, **applied);
    if (!object) {
      return base::fail(plain_error(base::cat({"failed to convert new object (", shown(config),
                                               ") to proper version: unable to convert unstructured object to ",
                                               shown_kind(config), ": ", object.error().message()})));
    }
    next = std::move(*object);
    schema::apply_defaults(next);
  }
  if (management.manager == kKubectl) refresh_last_applied(next.meta(), config);
  next.meta().managed_fields = managed->encode();
  return next;
}

void keep_unchanged_times(schema::Object& next, const schema::Object& current) {
  auto& now = next.meta().managed_fields;
  const auto& before = current.meta().managed_fields;
  if (now.size() != before.size() || now == before) return;
  std::vector<base::Time> times;
  for (const auto& entry : now) times.push_back(entry.time);
  for (size_t i = 0; i < now.size(); ++i) now[i].time = before[i].time;
  if (now == before && next == current) return;
  for (size_t i = 0; i < now.size(); ++i) now[i].time = times[i];
}

void note_reset(std::string_view json, schema::Object& object) {
  if (!object.has_meta() || !object.meta().managed_fields.empty() ||
      json.find("\"managedFields\"") == std::string_view::npos)
    return;
  auto tree = schema::Value::parse(json);
  const schema::Value* sent = tree ? tree->at({"metadata", "managedFields"}) : nullptr;
  if (sent != nullptr && sent->is_array()) object.meta().managed_fields.emplace_back();
}

}  // namespace apiserver
