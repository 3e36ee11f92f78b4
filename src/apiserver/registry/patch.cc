#include "schema/patch.h"

#include <memory>

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/mend_metadata.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/patching.h"
#include "apiserver/registry/registry.h"
#include "base/strings.h"
#include "schema/defaults.h"
#include "schema/field_error.h"
#include "schema/json.h"
#include "schema/loose_conversion.h"
#include "schema/status.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

enum class PatchKind : uint8_t { Json, Merge, Strategic, Apply };

base::Result<PatchKind> patch_kind(std::string_view content_type) {
  auto type = base::trim(content_type.substr(0, content_type.find(';')));
  if (type == "application/json-patch+json") return PatchKind::Json;
  if (type == "application/merge-patch+json") return PatchKind::Merge;
  if (type == "application/strategic-merge-patch+json") return PatchKind::Strategic;
  if (type == "application/apply-patch+yaml") return PatchKind::Apply;
  return base::fail(unsupported_media_type());
}

// The API's form of what the patch engine says.
base::Error patch_error(const base::Error& error) {
  switch (error.code()) {
    case base::Code::BadRequest:
      return bad_request(error.message());
    case base::Code::Internal:
      return plain_error(error.message());
    case base::Code::TooLarge:
      return too_large(error.message());
    default:
      break;
  }
  // What the operations of a JSON patch cannot do is told in general only.
  api::meta_v1::Status status;
  status.status = "Failure";
  status.code = 422;
  status.reason = "Invalid";
  status.message = "the server rejected our request due to an error in our request";
  status.details.emplace();
  return schema::error_of(std::move(status));
}

struct PatchJob {
  Call& call;
  const Served& served;
  FieldManagement management;
  WriteQuery query;
  std::string namespace_;
  std::string name;
};

base::Result<schema::Value> patched(PatchKind kind, const std::string& body, const schema::Type& type,
                                    schema::Value document) {
  switch (kind) {
    case PatchKind::Json: {
      TRY(auto patch, schema::JsonPatch::parse(body));
      return patch.apply(std::move(document));
    }
    case PatchKind::Merge:
      return schema::apply_merge_patch(std::move(document), body);
    default:
      return schema::apply_strategic_patch(type, std::move(document), body);
  }
}

constexpr std::string_view kBadYaml = "error converting YAML to JSON: ";

// A configuration to apply. An empty one is read, and found to be of no kind later.
base::Result<schema::Value> read_config(const std::string& body) {
  auto config = schema::parse_yaml(body);
  if (!config) return base::fail(bad_request(base::cat({"error decoding YAML: ", kBadYaml, config.error().message()})));
  if (config->is_null()) return schema::Value::object();
  if (config->is_object()) return std::move(*config);
  return base::fail(bad_request(
      base::cat({"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ",
                 config->kind_name(), " into Go value of type map[string]interface {}"})));
}

// Keys that a configuration says twice.
base::Result<void> judge_duplicates(Call& call, FieldValidation validation) {
  if (validation == FieldValidation::Ignore) return {};
  auto strict = schema::parse_yaml(call.body, schema::DuplicateKeys::Refused);
  if (strict) return {};
  std::string_view message = strict.error().message();
  if (validation == FieldValidation::Strict) {
    return base::fail(bad_request(base::cat({"error strict decoding YAML: ", kBadYaml, message})));
  }
  constexpr std::string_view kHead = "yaml: unmarshal errors:\n";
  if (!message.starts_with(kHead)) {
    call.warn(base::cat({kBadYaml, message}));
    return {};
  }
  for (auto line : base::split(message.substr(kHead.size()), '\n')) call.warn(std::string(base::trim(line)));
  return {};
}

base::Result<schema::Object> apply_body(Call& call, const FieldManagement& management, const WriteQuery& query,
                                        const schema::Type& type, const schema::Object* current) {
  TRY(auto config, read_config(call.body));
  TRY(auto next, apply_config(management, type, current, config, query.force.value_or(false)));
  TRY(judge_duplicates(call, query.field_validation));
  return next;
}

}  // namespace

bool is_apply(const Call& call) {
  auto kind = patch_kind(call.content_type);
  return kind && *kind == PatchKind::Apply;
}

base::Result<WriteQuery> read_patch_query(const Call& call) {
  TRY(auto kind, patch_kind(call.content_type));
  return read_write_query(call.query, "PatchOptions", kind == PatchKind::Apply);
}

base::Result<schema::Object> patch_object(Call& call, const FieldManagement& management, const WriteQuery& query,
                                          const schema::Type& type, const schema::Object* current) {
  TRY(auto kind, patch_kind(call.content_type));
  if (kind == PatchKind::Apply) return apply_body(call, management, query, type, current);
  // There is nothing to tell how lists of custom kinds are to be merged.
  if (kind == PatchKind::Strategic && type.form == schema::Form::Custom) return base::fail(unsupported_media_type());
  TRY(auto document, schema::Value::parse(schema::to_json(*current)));
  auto changed = patched(kind, call.body, type, std::move(document));
  if (!changed) return base::fail(patch_error(changed.error()));
  std::string json = changed->to_json();
  std::string shown = json;
  if (kind == PatchKind::Strategic) {
    auto patch = schema::Value::parse(call.body);
    shown = patch ? patch->to_go_string() : std::string();
    if (auto converted = schema::convert_loosely(type, *changed); !converted) {
      return base::fail(invalid(
          "", "", "", {schema::FieldError::invalid(schema::FieldPath("patch"), shown, converted.error().message())}));
    }
    json = changed->to_json();
  }
  TRY(auto next, decode_patched(call, type, json, shown, query.field_validation));
  schema::apply_defaults(next);
  if (next.has_meta()) drop_duplicate_owners(next.meta(), call, When::Sent);
  track_fields(management, current, next);
  return next;
}

namespace {

io::Task<base::Result<schema::Object>> next_of(std::shared_ptr<PatchJob> job, const schema::Object* current) {
  const auto& row = job->served.row();
  // There is nothing to patch, also where an update would make the object.
  if (current == nullptr && !is_apply(job->call)) co_return base::fail(not_found(row.group, row.plural, job->name));
  CO_TRY(auto next, patch_object(job->call, job->management, job->query, job->served.type(), current));
  auto& meta = next.meta();
  if (current == nullptr && !meta.uid.empty()) {
    co_return base::fail(conflict(row.group, row.plural, job->name,
                                  base::cat({"uid mismatch: the provided object specified uid ", meta.uid,
                                             ", and no existing object was found"})));
  }
  if (meta.namespace_.empty()) meta.namespace_ = job->namespace_;
  if (meta.namespace_ != job->namespace_) {
    co_return base::fail(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  }
  if (meta.name.empty()) {
    co_return base::fail(bad_request(base::cat(
        {"the name of the object (", job->name, " based on URL) was undeterminable: name must be provided"})));
  }
  if (meta.name != job->name) {
    co_return base::fail(bad_request(
        base::cat({"the name of the object (", meta.name, ") does not match the name on the URL (", job->name, ")"})));
  }
  co_return next;
}

}  // namespace

io::Task<base::Result<Answer>> Registry::patch(Call& call, const Served& served, Part part) {
  CO_TRY(auto query, read_patch_query(call));
  WriteOptions options;
  options.part = part;
  options.subresource = call.info.subresource;
  options.dry_run = query.dry_run;
  options.force_create = is_apply(call);
  auto management = field_management(call, served, query.field_manager, call.info.subresource);
  auto job = std::make_shared<PatchJob>(PatchJob{call, served, std::move(management), std::move(query),
                                                 served.row().namespaced ? call.info.namespace_ : "", call.info.name});
  MakeNext next = [job](const schema::Object* current) { return next_of(job, current); };
  CO_TRY(auto written, co_await write(call, served, job->namespace_, job->name, std::move(next), std::move(options)));
  co_return Answer::of(std::move(written.object), written.created ? 201 : 200, &served);
}

}  // namespace apiserver
