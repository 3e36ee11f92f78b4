#include "apiserver/openapi/custom.h"

#include "api/meta_v1.h"
#include "apiserver/crd/kind.h"
#include "apiserver/openapi/descriptions.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver::openapi {
namespace {

using schema::Value;

// What the older form has no words for goes; the rest stays as it is told.
void simplify(Value& schema) {
  if (!schema.is_object()) return;
  auto& members = schema.as_object();
  auto is_true = [&](std::string_view name) {
    const Value* value = members.find(name);
    return value != nullptr && value->is_bool() && value->as_bool();
  };
  bool is_open =
      is_true("nullable") || is_true("x-kubernetes-preserve-unknown-fields") || is_true("x-kubernetes-int-or-string");
  for (std::string_view name : {"allOf", "anyOf", "oneOf", "not", "nullable", "default"}) members.erase(name);
  if (is_open) {
    for (std::string_view name : {"type", "items", "properties", "additionalProperties"}) members.erase(name);
    return;
  }
  for (std::string_view name : {"items", "additionalProperties"}) {
    if (Value* below = members.find(name)) simplify(*below);
  }
  if (Value* properties = members.find("properties"); properties != nullptr && properties->is_object()) {
    for (auto& member : properties->as_object()) simplify(member.value);
  }
}

Value text_property(std::string_view description) {
  return Value::object({{"description", description}, {"type", "string"}});
}

Value metadata_property(const schema::Type& type, Dialect dialect) {
  std::string target = reference(dialect, schema_name(type));
  if (dialect == Dialect::V2) return Value::object({{"description", kMetadataDescription}, {"$ref", target}});
  return Value::object(
      {{"description", kMetadataDescription}, {"allOf", Value::array({Value::object({{"$ref", target}})})}});
}

void add_type_meta(schema::Members& properties) {
  properties.set("apiVersion", text_property(kApiVersionDescription));
  properties.set("kind", text_property(kKindDescription));
}

Value group_version_kind(const schema::Type& type) {
  return Value::array({Value::object({{"group", type.group}, {"kind", type.name}, {"version", type.version}})});
}

}  // namespace

std::string custom_schema(const crd::Kind& kind, Dialect dialect) {
  Value tree = Value::object();
  if (kind.open_api_schema() != nullptr) {
    if (auto parsed = Value::parse(schema::to_json(*kind.open_api_schema()))) tree = std::move(*parsed);
  }
  bool keeps_all = kind.structural() != nullptr && kind.structural()->preserve_unknown_fields;
  if (dialect == Dialect::V2) simplify(tree);
  auto& members = tree.as_object();
  // Of what keeps everything the older form says nothing beyond what it is.
  if (dialect == Dialect::V3 || !keeps_all) {
    members.set("type", "object");
    auto& properties = tree.ensure_object({"properties"});
    add_type_meta(properties);
    properties.set("metadata", metadata_property(schema::type_of<api::meta_v1::ObjectMeta>(), dialect));
  }
  members.set("x-kubernetes-group-version-kind", group_version_kind(kind.type()));
  return tree.to_json();
}

std::string custom_list_schema(const crd::Kind& kind, Dialect dialect) {
  Value items = Value::object({{"description", base::cat({"The objects of kind ", kind.type().name, "."})},
                               {"type", "array"},
                               {"items", Value::object({{"$ref", reference(dialect, schema_name(kind.type()))}})}});
  schema::Members properties;
  add_type_meta(properties);
  properties.set("items", std::move(items));
  properties.set("metadata", metadata_property(schema::type_of<api::meta_v1::ListMeta>(), dialect));
  Value tree = Value::object({{"description", base::cat({kind.list_type().name, " is a list of ", kind.type().name})},
                              {"type", "object"},
                              {"required", Value::array({"items"})},
                              {"properties", Value(std::move(properties))},
                              {"x-kubernetes-group-version-kind", group_version_kind(kind.list_type())}});
  return tree.to_json();
}

}  // namespace apiserver::openapi
