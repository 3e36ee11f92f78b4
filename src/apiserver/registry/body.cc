#include "apiserver/registry/body.h"

#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/registry/field_management.h"
#include "apiserver/registry/normalize.h"
#include "base/strings.h"
#include "schema/field_error.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/resource.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

constexpr size_t kSummaryBytesMax = 30;

std::string summary(std::string_view body) {
  if (body.empty()) return "<empty>";
  auto head = body.substr(0, kSummaryBytesMax);
  std::string text = body.front() == '{' ? std::string(head) : base::hex_encode(head);
  if (body.size() > kSummaryBytesMax) text += " ...";
  return text;
}

base::Error unrecognized(const schema::Type& type, std::string_view why, std::string_view body) {
  return bad_request(base::cat(
      {"the object provided is unrecognized (must be of type ", type.name, "): ", why, " (", summary(body), ")"}));
}

base::Error cannot_be_handled(std::string_view kind, std::string_view version, const schema::Type& type,
                              std::string_view why) {
  return bad_request(
      base::cat({kind, " in version ", base::quote(version), " cannot be handled as a ", type.name, ": ", why}));
}

std::string_view version_of(std::string_view api_version) {
  auto slash = api_version.find('/');
  return slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
}

// Go's name of the package a group's internal types are in.
std::string_view go_package(std::string_view group) {
  if (group.empty()) return "core";
  return group.substr(0, group.find('.'));
}

// That the body may be read as a `type`.
base::Result<void> check_type_meta(const schema::Type& type, std::string_view api_version, std::string_view kind) {
  std::string expected = type.api_version();
  std::string_view version = api_version.empty() ? std::string_view(expected) : api_version;
  if (!kind.empty() && kind != type.name) {
    if (schema::find_kind(version, kind) == nullptr) {
      return base::fail(
          cannot_be_handled(kind, version_of(version), type,
                            base::cat({"no kind ", base::quote(kind), " is registered for version ",
                                       base::quote(version), " in scheme \"pkg/api/legacyscheme/scheme.go:30\""})));
    }
    return base::fail(cannot_be_handled(kind, version_of(version), type,
                                        base::cat({"converting (", version_of(version), ".", kind, ") to (",
                                                   go_package(type.group), ".", type.name, "): unknown conversion"})));
  }
  if (version != expected) {
    return base::fail(bad_request(base::cat(
        {"the API version in the data (", version, ") does not match the expected API version (", expected, ")"})));
  }
  return {};
}

// The same for custom kinds, which have to say what they are. That the kind is theirs is for their own rules to say.
base::Result<void> check_custom_type_meta(const schema::Type& type, const schema::TypeMeta& says,
                                          std::string_view body) {
  if (says.kind.empty())
    return base::fail(unrecognized(type, base::cat({"Object 'Kind' is missing in '", body, "'"}), body));
  if (says.api_version == type.api_version()) return {};
  return base::fail(bad_request(base::cat({"the API version in the data (", says.api_version,
                                           ") does not match the expected API version (", type.api_version(), ")"})));
}

base::Result<void> judge_strict(Call& call, const schema::Type& type, const std::vector<std::string>& errors,
                                FieldValidation validation) {
  if (errors.empty() || validation == FieldValidation::Ignore) return {};
  if (validation == FieldValidation::Strict) {
    return base::fail(cannot_be_handled(type.name, type.version, type,
                                        base::cat({"strict decoding error: ", base::join(errors, ", ")})));
  }
  for (const auto& error : errors) call.warn(error);
  return {};
}

}  // namespace

base::Result<schema::Object> decode_body(Call& call, const schema::Type& type, FieldValidation validation) {
  TRY(auto media, body_type(call.content_type));
  bool is_custom = type.form == schema::Form::Custom;
  if (media == MediaType::Protobuf) {
    if (is_custom) return base::fail(unsupported_media_type());
    auto envelope = schema::open_envelope(call.body);
    if (!envelope) return base::fail(unrecognized(type, envelope.error().message(), call.body));
    TRY(check_type_meta(type, envelope->api_version, envelope->kind));
    auto object = schema::decode_protobuf(type, envelope->raw);
    if (!object) return base::fail(cannot_be_handled(type.name, type.version, type, object.error().message()));
    normalize(*object);
    return object;
  }
  std::string converted;
  std::string_view json = call.body;
  std::vector<std::string> strict;
  if (media == MediaType::Yaml) {
    auto text = schema::yaml_to_json(
        json, validation == FieldValidation::Strict ? schema::DuplicateKeys::Refused : schema::DuplicateKeys::LastWins);
    if (!text)
      return base::fail(unrecognized(
          type, base::cat({"couldn't get version/kind; json parse error: ", text.error().message()}), json));
    converted = std::move(*text);
    json = converted;
  }
  auto type_meta = schema::read_type_meta(json);
  if (!type_meta) return base::fail(unrecognized(type, type_meta.error().message(), call.body));
  TRY(is_custom ? check_custom_type_meta(type, *type_meta, json)
                : check_type_meta(type, type_meta->api_version, type_meta->kind));
  auto object = schema::decode_json(type, json, validation == FieldValidation::Ignore ? nullptr : &strict);
  if (!object) return base::fail(cannot_be_handled(type.name, type.version, type, object.error().message()));
  note_reset(json, *object);
  normalize(*object);
  TRY(judge_strict(call, type, strict, validation));
  return object;
}

base::Result<schema::Object> decode_part(Call& call, const schema::Type& type, FieldValidation validation) {
  TRY(auto object, decode_body(call, type, validation));
  auto& namespace_ = object.meta().namespace_;
  if (namespace_.empty() || call.info.namespace_.empty()) namespace_ = call.info.namespace_;
  if (namespace_ != call.info.namespace_) {
    return base::fail(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  }
  return object;
}

base::Result<schema::Object> decode_patched(Call& call, const schema::Type& type, std::string_view json,
                                            std::string_view shown, FieldValidation validation) {
  std::vector<std::string> strict;
  auto complain = [&](std::string_view why) {
    return base::fail(invalid("", "", "", {schema::FieldError::invalid(schema::FieldPath("patch"), shown, why)}));
  };
  // What the patch makes of it is read as what it says it is.
  TRY(auto says, schema::read_type_meta(json));
  bool is_custom = type.form == schema::Form::Custom;
  if (!is_custom && !says.kind.empty() && !says.api_version.empty() &&
      (says.kind != type.name || says.api_version != type.api_version())) {
    const schema::Type* other = schema::find_kind(says.api_version, says.kind);
    if (other == nullptr) {
      return complain(base::cat({"no kind ", base::quote(says.kind), " is registered for version ",
                                 base::quote(says.api_version), " in scheme \"pkg/api/legacyscheme/scheme.go:30\""}));
    }
    auto object = schema::decode_json(*other, json);
    if (!object) return complain(object.error().message());
    return complain(base::cat({"converting (", version_of(says.api_version), ".", says.kind, ") to (",
                               go_package(type.group), ".", type.name, "): unknown conversion"}));
  }
  auto object = schema::decode_json(type, json, validation == FieldValidation::Ignore ? nullptr : &strict);
  if (!object) return complain(object.error().message());
  note_reset(json, *object);
  normalize(*object);
  if (!strict.empty() && validation == FieldValidation::Strict) {
    return complain(base::cat({"strict decoding error: ", base::join(strict, ", ")}));
  }
  TRY(judge_strict(call, type, strict, validation));
  return object;
}

}  // namespace apiserver
