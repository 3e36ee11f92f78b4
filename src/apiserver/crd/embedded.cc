// Objects within objects: they say what they are, and their metadata keeps the rules.

#include <algorithm>

#include "api/meta_v1.h"
#include "apiserver/crd/value_validation.h"
#include "apiserver/registry/metadata.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/names.h"

namespace apiserver::crd {
namespace {

using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using schema::Value;

FieldPath below(const FieldPath& path, std::string_view name) {
  return path.empty() ? FieldPath(name) : path.child(name);
}

void validate_text(FieldErrors& errors, const Value& object, std::string_view name, const FieldPath& path) {
  const Value* value = object.find(name);
  auto field = below(path, name);
  if (value == nullptr) {
    errors.push_back(FieldError::required(field));
  } else if (!value->is_string()) {
    errors.push_back(FieldError::invalid(field, *value, "must be a string"));
  } else if (value->as_string().empty()) {
    errors.push_back(FieldError::invalid(field, value->as_string(), "must not be empty"));
  } else if (name == "kind") {
    for (const auto& problem : schema::check_dns1035_label(base::to_lower(value->as_string()))) {
      errors.push_back(FieldError::invalid(field, value->as_string(),
                                           base::cat({"may have mixed case, but should otherwise match: ", problem})));
    }
  } else if (std::count(value->as_string().begin(), value->as_string().end(), '/') > 1) {
    errors.push_back(FieldError::invalid(field, value->as_string(),
                                         base::cat({"unexpected GroupVersion string: ", value->as_string()})));
  }
}

void validate_resource(FieldErrors& errors, const Value& object, const FieldPath& path) {
  validate_text(errors, object, "apiVersion", path);
  validate_text(errors, object, "kind", path);
  const Value* metadata = object.find("metadata");
  if (metadata == nullptr) return;
  auto field = below(path, "metadata");
  auto decoded = schema::from_json<api::meta_v1::ObjectMeta>(metadata->to_json());
  if (!decoded) {
    errors.push_back(FieldError::invalid(field, *metadata, decoded.error().message()));
    return;
  }
  // It need not have a name; what it has is checked as that of everybody.
  if (decoded->name.empty() && decoded->generate_name.empty()) decoded->name = "unnamed";
  for (auto& error : validate_common_metadata(*decoded, nullptr, !decoded->namespace_.empty())) {
    error.field = path.empty() ? error.field : base::cat({path.text(), ".", error.field});
    errors.push_back(std::move(error));
  }
}

}  // namespace

FieldErrors validate_embedded(const Value& value, const schema::Structural& schema, const FieldPath& path) {
  FieldErrors errors;
  if (value.is_array() && schema.items) {
    for (size_t i = 0; i < value.as_array().size(); ++i)
      append(errors, validate_embedded(value.as_array()[i], *schema.items, path.index(i)));
  } else if (value.is_object()) {
    if (schema.embedded_resource) validate_resource(errors, value, path);
    for (const auto& member : value.as_object()) {
      if (const schema::Structural* part = schema.member(member.key))
        append(errors, validate_embedded(member.value, *part, below(path, member.key)));
    }
  }
  return errors;
}

}  // namespace apiserver::crd
