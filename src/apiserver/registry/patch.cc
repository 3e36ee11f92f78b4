#include "schema/patch.h"

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/patching.h"
#include "apiserver/registry/registry.h"
#include "base/strings.h"
#include "schema/defaults.h"
#include "schema/field_error.h"
#include "schema/json.h"
#include "schema/loose_conversion.h"
#include "schema/status.h"

namespace apiserver {
namespace {

enum class PatchKind : uint8_t { Json, Merge, Strategic, Apply };

base::Result<PatchKind> patch_kind(std::string_view content_type) {
  auto type = base::trim(content_type.substr(0, content_type.find(';')));
  if (type == "application/json-patch+json") return PatchKind::Json;
  if (type == "application/merge-patch+json") return PatchKind::Merge;
  if (type == "application/strategic-merge-patch+json") return PatchKind::Strategic;
  return base::fail(unsupported_media_type());
}

// The API's form of what the patch engine says.
base::Error patch_error(const base::Error& error) {
  switch (error.code()) {
    case base::Code::BadRequest: return bad_request(error.message());
    case base::Code::Internal: return plain_error(error.message());
    case base::Code::TooLarge: return too_large(error.message());
    default: break;
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
  PatchKind kind;
  FieldValidation validation;
  std::string namespace_;
  std::string name;
};

base::Result<schema::Value> patched(PatchKind kind, const std::string& body, const schema::Type& type, schema::Value document) {
  switch (kind) {
    case PatchKind::Json: {
      TRY(auto patch, schema::JsonPatch::parse(body));
      return patch.apply(std::move(document));
    }
    case PatchKind::Merge: return schema::apply_merge_patch(std::move(document), body);
    default: return schema::apply_strategic_patch(type, std::move(document), body);
  }
}

}  // namespace

base::Result<schema::Object> patch_object(Call& call, const schema::Object& current, FieldValidation validation) {
  TRY(auto kind, patch_kind(call.content_type));
  const schema::Type& type = current.type();
  // There is nothing to tell how lists of custom kinds are to be merged.
  if (kind == PatchKind::Strategic && type.form == schema::Form::Custom) return base::fail(unsupported_media_type());
  TRY(auto document, schema::Value::parse(schema::to_json(current)));
  auto changed = patched(kind, call.body, type, std::move(document));
  if (!changed) return base::fail(patch_error(changed.error()));
  if (kind != PatchKind::Strategic) {
    std::string json = changed->to_json();
    return decode_patched(call, type, json, json, validation);
  }
  auto patch = schema::Value::parse(call.body);
  std::string shown = patch ? patch->to_go_string() : std::string();
  if (auto converted = schema::convert_loosely(type, *changed); !converted) {
    return base::fail(invalid("", "", "", {schema::FieldError::invalid(schema::FieldPath("patch"), shown, converted.error().message())}));
  }
  return decode_patched(call, type, changed->to_json(), shown, validation);
}

namespace {

io::Task<base::Result<schema::Object>> next_of(PatchJob job, const schema::Object* current) {
  // There is nothing to patch, also where an update would make the object.
  if (current == nullptr) co_return base::fail(not_found(job.served.row().group, job.served.row().plural, job.name));
  CO_TRY(auto next, patch_object(job.call, *current, job.validation));
  schema::apply_defaults(next);
  auto& meta = next.meta();
  if (meta.namespace_.empty()) meta.namespace_ = job.namespace_;
  if (meta.name.empty()) {
    co_return base::fail(
        bad_request(base::cat({"the name of the object (", job.name, " based on URL) was undeterminable: name must be provided"})));
  }
  if (meta.name != job.name) {
    co_return base::fail(bad_request(
        base::cat({"the name of the object (", meta.name, ") does not match the name on the URL (", job.name, ")"})));
  }
  if (meta.namespace_ != job.namespace_) {
    co_return base::fail(bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  }
  co_return next;
}

}  // namespace

io::Task<base::Result<Answer>> Registry::patch(Call& call, const Served& served, Part part) {
  CO_TRY(auto kind, patch_kind(call.content_type));
  CO_TRY(auto query, read_write_query(call.query, "PatchOptions", kind == PatchKind::Apply));
  PatchJob job{call, served, kind, query.field_validation, served.row().namespaced ? call.info.namespace_ : "", call.info.name};
  WriteOptions options;
  options.part = part;
  options.subresource = call.info.subresource;
  options.dry_run = query.dry_run;
  options.field_manager = query.field_manager;
  MakeNext next = [job](const schema::Object* current) { return next_of(job, current); };
  CO_TRY(auto written, co_await write(call, served, job.namespace_, job.name, std::move(next), std::move(options)));
  co_return Answer::of(std::move(written.object), written.created ? 201 : 200, &served);
}

}  // namespace apiserver
