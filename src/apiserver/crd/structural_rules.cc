#include "apiserver/crd/structural_rules.h"

#include <algorithm>

#include "apiserver/crd/rules.h"
#include "apiserver/crd/value_validation.h"
#include "base/strings.h"
#include "schema/structural.h"
#include "schema/value.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using schema::Value;
using Schema = v1::JSONSchemaProps;

enum class Level : uint8_t { Root, Item, Field };

// An "anyOf" of nothing but integer and string, the one place where types may be told twice.
bool is_int_or_string(const std::vector<Schema>& any_of) {
  if (any_of.size() != 2) return false;
  Schema integer, text;
  integer.type = "integer";
  text.type = "string";
  return any_of[0] == integer && any_of[1] == text;
}

class Structure {
 public:
  FieldErrors take() {
    std::ranges::sort(errors_, {}, [](const FieldError& error) { return error.to_string(); });
    return std::move(errors_);
  }

  void check(const Schema& schema, Level level, const FieldPath& path) {
    if (schema.type == "array" && !(schema.items && schema.items->schema))
      required(path.child("items"), "must be specified");
    if (schema.items && schema.items->schema) check(*schema.items->schema, Level::Item, path.child("items"));
    for (const auto& [name, property] : schema.properties)
      check(property, Level::Field, path.child("properties").key(name));
    if (schema.additional_properties) {
      if (level == Level::Root) forbidden(path.child("additionalProperties"), "must not be used at the root");
      if (schema.additional_properties->schema) {
        check(*schema.additional_properties->schema, Level::Field, path.child("additionalProperties"));
      }
    }
    if (schema.x_kubernetes_int_or_string) check_int_or_string(schema, path);
    bool skips_any_of = schema.x_kubernetes_int_or_string && is_int_or_string(schema.any_of);
    bool skips_first_of_all =
        schema.x_kubernetes_int_or_string && !schema.all_of.empty() && is_int_or_string(schema.all_of[0].any_of);
    check_values(schema, skips_any_of, skips_first_of_all, path);
    check_type(schema, level, path);
    check_metadata(schema, level == Level::Root || schema.x_kubernetes_embedded_resource, path);
    if (schema.x_kubernetes_embedded_resource && !schema.x_kubernetes_preserve_unknown_fields.value_or(false) &&
        schema.properties.empty()) {
      required(
          path.child("properties"),
          "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
    }
    // What is asked of parts must be said of the whole.
    auto nested = [&](const Schema& one, const FieldPath& at) { check_complete(one, schema, at, path); };
    for_each_nested(schema, path, nested);
  }

 private:
  void required(const FieldPath& path, std::string_view why) { errors_.push_back(FieldError::required(path, why)); }
  void forbidden(const FieldPath& path, std::string_view why) { errors_.push_back(FieldError::forbidden(path, why)); }
  void invalid(const FieldPath& path, const BadValue& value, std::string_view why) {
    errors_.push_back(FieldError::invalid(path, value, why));
  }

  template <class Visit>
  static void for_each_nested(const Schema& schema, const FieldPath& path, Visit&& visit) {
    auto each = [&](const std::vector<Schema>& list, std::string_view name) {
      for (size_t i = 0; i < list.size(); ++i) visit(list[i], path.child(name).index(i));
    };
    each(schema.any_of, "anyOf");
    each(schema.all_of, "allOf");
    each(schema.one_of, "oneOf");
    if (schema.not_) visit(*schema.not_, path.child("not"));
  }

  void check_int_or_string(const Schema& schema, const FieldPath& path) {
    if (!schema.type.empty())
      invalid(path.child("type"), schema.type, "must be empty if x-kubernetes-int-or-string is true");
    if (schema.x_kubernetes_preserve_unknown_fields.value_or(false)) {
      invalid(path.child("x-kubernetes-preserve-unknown-fields"), true,
              "must be false if x-kubernetes-int-or-string is true");
    }
    if (schema.x_kubernetes_embedded_resource) {
      invalid(path.child("x-kubernetes-embedded-resource"), true,
              "must be false if x-kubernetes-int-or-string is true");
    }
  }

  void check_type(const Schema& schema, Level level, const FieldPath& path) {
    auto at = path.child("type");
    if (schema.x_kubernetes_embedded_resource && schema.type != "object") {
      constexpr std::string_view kWhy = "must be object if x-kubernetes-embedded-resource is true";
      schema.type.empty() ? required(at, kWhy) : invalid(at, schema.type, kWhy);
    } else if (schema.type.empty() && !schema.x_kubernetes_int_or_string &&
               !schema.x_kubernetes_preserve_unknown_fields.value_or(false)) {
      required(at, level == Level::Root   ? "must not be empty at the root"
                   : level == Level::Item ? "must not be empty for specified array items"
                                          : "must not be empty for specified object fields");
    }
    if (schema.x_kubernetes_embedded_resource && schema.additional_properties) {
      forbidden(path.child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set");
    }
    if (level == Level::Root && !schema.type.empty() && schema.type != "object")
      invalid(at, schema.type, "must be object at the root");
  }

  void check_metadata(const Schema& schema, bool is_resource, const FieldPath& path) {
    if (!is_resource) return;
    for (std::string_view name : {"kind", "apiVersion"}) {
      auto property = schema.properties.find(name);
      if (property == schema.properties.end() || property->second.type == "string") continue;
      invalid(path.child("properties").key(name).child("type"), property->second.type, "must be string");
    }
    auto metadata = schema.properties.find("metadata");
    if (metadata == schema.properties.end()) return;
    auto at = path.child("properties").key("metadata");
    if (metadata->second.type != "object") invalid(at.child("type"), metadata->second.type, "must be object");
    Schema rest = metadata->second;
    rest.properties.erase("name");
    rest.properties.erase("generateName");
    rest.type.clear();
    rest.default_.clear();
    rest.description.clear();
    if (!(rest == Schema())) {
      forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified");
    }
  }

  void check_values(const Schema& schema, bool skips_any_of, bool skips_first_of_all, const FieldPath& path) {
    auto each = [&](const std::vector<Schema>& list, std::string_view name, bool skips_first) {
      for (size_t i = 0; i < list.size(); ++i) check_nested(list[i], skips_first && i == 0, path.child(name).index(i));
    };
    if (!skips_any_of) each(schema.any_of, "anyOf", false);
    each(schema.all_of, "allOf", skips_first_of_all);
    each(schema.one_of, "oneOf", false);
    if (schema.not_) check_nested(*schema.not_, false, path.child("not"));
  }

  // Parts of a logical combination speak of values only, not of what there is.
  void check_nested(const Schema& schema, bool skips_any_of, const FieldPath& path) {
    check_values(schema, skips_any_of, false, path);
    if (schema.items && schema.items->schema) check_nested(*schema.items->schema, false, path.child("items"));
    for (const auto& [name, property] : schema.properties)
      check_nested(property, false, path.child("properties").key(name));
    auto must_be = [&](bool fine, std::string_view name, std::string_view what) {
      if (!fine) forbidden(path.child(name), base::cat({"must be ", what, " to be structural"}));
    };
    must_be(schema.type.empty(), "type", "empty");
    must_be(!schema.additional_properties, "additionalProperties", "undefined");
    must_be(schema.default_.empty(), "default", "undefined");
    must_be(schema.title.empty(), "title", "empty");
    must_be(schema.description.empty(), "description", "empty");
    must_be(!schema.nullable, "nullable", "false");
    must_be(!schema.x_kubernetes_preserve_unknown_fields.value_or(false), "x-kubernetes-preserve-unknown-fields",
            "false");
    must_be(!schema.x_kubernetes_embedded_resource, "x-kubernetes-embedded-resource", "false");
    must_be(!schema.x_kubernetes_int_or_string, "x-kubernetes-int-or-string", "false");
    must_be(schema.x_kubernetes_list_map_keys.empty(), "x-kubernetes-list-map-keys", "empty");
    must_be(!schema.x_kubernetes_list_type, "x-kubernetes-list-type", "undefined");
    must_be(!schema.x_kubernetes_map_type, "x-kubernetes-map-type", "undefined");
    must_be(schema.x_kubernetes_validations.empty(), "x-kubernetes-validations", "empty");
    if (schema.properties.contains("metadata")) {
      forbidden(path.child("properties").key("metadata"), "must not be specified in a nested context");
    }
  }

  // `here`: the structural schema that speaks of the same values as `nested`.
  void check_complete(const Schema& nested, const Schema& here, const FieldPath& nested_path, const FieldPath& path) {
    for (const auto& [name, property] : nested.properties) {
      auto at = nested_path.child("properties").key(name);
      auto declared = here.properties.find(name);
      if (declared == here.properties.end()) {
        required(path.child("properties").key(name), base::cat({"because it is defined in ", at.text()}));
      } else {
        check_complete(property, declared->second, at, path.child("properties").key(name));
      }
    }
    if (nested.items && nested.items->schema) {
      auto at = nested_path.child("items");
      if (here.items && here.items->schema) {
        check_complete(*nested.items->schema, *here.items->schema, at, path.child("items"));
      } else {
        required(path.child("items"), base::cat({"because it is defined in ", at.text()}));
      }
    }
    for_each_nested(nested, nested_path,
                    [&](const Schema& one, const FieldPath& at) { check_complete(one, here, at, path); });
  }

  FieldErrors errors_;
};

void check_default(FieldErrors& errors, const Schema& schema, const FieldPath& path) {
  auto at = path.child("default");
  auto value = Value::parse(schema.default_);
  if (!value) return;
  auto structural = schema::make_structural(schema);
  BadValue shown = value->is_string() ? BadValue(value->as_string()) : BadValue(*value);
  Value pruned = *value;
  schema::prune(pruned, structural, schema.x_kubernetes_embedded_resource);
  if (!(pruned == *value)) errors.push_back(FieldError::invalid(at, shown, "must not have unknown fields"));
  if (auto coerced = schema::coerce_embedded(pruned, structural); !coerced) {
    errors.push_back(
        FieldError::invalid(at, shown, base::cat({"must result in valid metadata: ", coerced.error().message()})));
    return;
  }
  if (auto embedded = validate_embedded(*value, structural); !embedded.empty()) {
    errors.push_back(
        FieldError::invalid(at, shown, base::cat({"must result in valid metadata: ", schema::to_string(embedded)})));
    return;
  }
  auto found = validate_value(*value, structural);
  for (auto& error : found) {
    error.field = error.field == "<nil>" ? at.text()
                                         : base::cat({at.text(), error.field.starts_with('[') ? "" : ".", error.field});
  }
  bool fits = found.empty();
  append(errors, std::move(found));
  if (!fits) return;
  if (auto rules = RuleSet::create(schema, false)) append(errors, rules->check(*value, structural, &*value, at));
}

}  // namespace

FieldErrors validate_structural(const Schema& schema, const FieldPath& path) {
  Structure structure;
  structure.check(schema, Level::Root, path);
  return structure.take();
}

FieldErrors validate_defaults(const Schema& schema, const FieldPath& path) {
  FieldErrors errors;
  if (!schema.default_.empty()) check_default(errors, schema, path);
  if (schema.items && schema.items->schema)
    append(errors, validate_defaults(*schema.items->schema, path.child("items")));
  for (const auto& [name, property] : schema.properties)
    append(errors, validate_defaults(property, path.child("properties").key(name)));
  if (schema.additional_properties && schema.additional_properties->schema) {
    append(errors, validate_defaults(*schema.additional_properties->schema, path.child("additionalProperties")));
  }
  return errors;
}

}  // namespace apiserver::crd
