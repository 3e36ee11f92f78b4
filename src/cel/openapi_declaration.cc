// Declarations from structural OpenAPI schemas. Sizes that the schema does not bound are bounded by the largest
// request.

#include <algorithm>

#include "base/strings.h"
#include "cel/declaration.h"

namespace cel {
namespace {

constexpr uint64_t kMaxRequest = 3 * 1024 * 1024;
constexpr uint64_t kUnboundedText = kMaxRequest - 2;  // without the quotes
constexpr uint64_t kTimeText = 32;
constexpr uint64_t kDateText = 12;
constexpr int kMaxDepth = 500;

uint64_t unsigned_or(const schema::Value& schema, std::string_view key, uint64_t otherwise) {
  const schema::Value* value = schema.find(key);
  if (value == nullptr || !value->is_number()) return otherwise;
  return value->as_double() < 0 ? 0 : static_cast<uint64_t>(value->as_double());
}
bool flag(const schema::Value& schema, std::string_view key) {
  const schema::Value* value = schema.find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}
std::string_view text(const schema::Value& schema, std::string_view key) {
  return schema.text_at({key});
}

Declaration scalar(TypeRef type, uint64_t min_size, uint64_t max_elements = 0) {
  Declaration made;
  made.type = std::move(type);
  made.min_serialized_size = min_size;
  made.max_elements = max_elements;
  return made;
}

// maxLength counts characters; a character takes up to four bytes.
uint64_t text_bound(const schema::Value& schema) {
  constexpr uint64_t kNone = UINT64_MAX;
  uint64_t length = unsigned_or(schema, "maxLength", kNone);
  return length == kNone ? kUnboundedText : std::min(length, kNone / 8) * 4;
}

Declaration declare_string(const schema::Value& schema) {
  std::string_view format = text(schema, "format");
  if (format == "byte") {
    constexpr uint64_t kNone = UINT64_MAX;
    uint64_t length = unsigned_or(schema, "maxLength", kNone);
    return scalar(bytes_type(), 2, length == kNone ? kUnboundedText : length);
  }
  if (format == "duration") return scalar(duration_type(), 3, kTimeText);
  if (format == "date-time") return scalar(timestamp_type(), 21, kTimeText);
  if (format == "date") {
    Declaration made = scalar(timestamp_type(), kDateText, kDateText);
    made.date_only = true;
    return made;
  }
  Declaration made = scalar(string_type(), 2, text_bound(schema));
  const schema::Value* values = schema.find("enum");
  if (schema.find("maxLength") == nullptr && values != nullptr && values->is_array() && !values->as_array().empty()) {
    made.max_elements = 0;
    for (const schema::Value& value : values->as_array()) {
      if (value.is_string()) made.max_elements = std::max<uint64_t>(made.max_elements, value.as_string().size());
    }
  }
  return made;
}

DeclarationRef build(const schema::Value& schema, bool resource_root, const std::string& name, int depth);

DeclarationRef share(Declaration declaration, const schema::Value& schema) {
  declaration.nullable = flag(schema, "nullable");
  return std::make_shared<const Declaration>(std::move(declaration));
}

DeclarationRef plain_text() {
  return std::make_shared<const Declaration>(scalar(string_type(), 2, kUnboundedText));
}

// What every resource has, whatever its schema says.
void add_resource_fields(Declaration& object, const std::string& name) {
  auto ensure = [](Declaration& holder, std::string_view field, const DeclarationRef& declaration) {
    for (FieldDeclaration& known : holder.fields) {
      if (known.name != field) continue;
      if (known.declaration == nullptr) known.declaration = declaration;
      return;
    }
    holder.fields.push_back({std::string(field), std::string(field), declaration});
  };
  ensure(object, "kind", plain_text());
  ensure(object, "apiVersion", plain_text());
  Declaration metadata;
  const FieldDeclaration* known = object.find_json("metadata");
  if (known != nullptr && known->declaration != nullptr && known->declaration->type->kind == Kind::Object) {
    metadata = *known->declaration;
  } else {
    metadata.type = object_type(name + ".metadata");
    metadata.min_serialized_size = 2;
  }
  ensure(metadata, "name", plain_text());
  ensure(metadata, "generateName", plain_text());
  metadata.sort_fields();
  metadata.unknown_fields = true;
  DeclarationRef shared = std::make_shared<const Declaration>(std::move(metadata));
  for (FieldDeclaration& field : object.fields) {
    if (field.name == "metadata") {
      field.declaration = shared;
      return;
    }
  }
  object.fields.push_back({"metadata", "metadata", shared});
}

DeclarationRef declare_object(const schema::Value& schema, bool resource_root, const std::string& name, int depth) {
  Declaration made;
  const schema::Value* values = schema.find("additionalProperties");
  if (values != nullptr && values->is_object()) {
    made.element = build(*values, flag(*values, "x-kubernetes-embedded-resource"), name + ".@elem", depth + 1);
    if (made.element == nullptr) return nullptr;
    made.key = std::make_shared<const Declaration>(scalar(string_type(), 2));
    made.type = map_type(string_type(), made.element->type);
    // An entry takes its value, two quotes, a colon, a comma and two bytes of key.
    made.max_elements =
        unsigned_or(schema, "maxProperties", (kMaxRequest - 2) / (made.element->min_serialized_size + 6));
    made.min_serialized_size = 2;
    return share(std::move(made), schema);
  }
  made.type = object_type(name);
  made.min_serialized_size = 2;
  made.unknown_fields = flag(schema, "x-kubernetes-preserve-unknown-fields");
  const schema::Value* required = schema.find("required");
  auto is_required = [&](std::string_view field) {
    if (required == nullptr || !required->is_array()) return false;
    for (const schema::Value& each : required->as_array()) {
      if (each.is_string() && each.as_string() == field) return true;
    }
    return false;
  };
  if (const schema::Value* properties = schema.find("properties"); properties != nullptr && properties->is_object()) {
    for (const schema::Member& property : properties->as_object()) {
      std::string identifier = escape_identifier(property.key);
      DeclarationRef field = build(property.value, flag(property.value, "x-kubernetes-embedded-resource"),
                                   base::cat({name, ".", identifier}), depth + 1);
      if (field != nullptr && is_required(property.key) && property.value.find("default") == nullptr) {
        made.min_serialized_size += property.key.size() + field->min_serialized_size + 4;
      }
      made.fields.push_back({property.key, std::move(identifier), std::move(field)});
    }
  }
  made.sort_fields();
  if (resource_root) add_resource_fields(made, name);
  made.sort_fields();
  return share(std::move(made), schema);
}

DeclarationRef build(const schema::Value& schema, bool resource_root, const std::string& name, int depth) {
  if (!schema.is_object() || depth > kMaxDepth) return nullptr;
  if (flag(schema, "x-kubernetes-int-or-string")) {
    Declaration made = scalar(dyn_type(), 1, text_bound(schema));
    made.int_or_string = true;
    return share(std::move(made), schema);
  }
  std::string_view type = text(schema, "type");
  if (type == "object") return declare_object(schema, resource_root, name, depth);
  if (type == "array") {
    const schema::Value* items = schema.find("items");
    if (items == nullptr) return nullptr;
    Declaration made;
    made.element = build(*items, flag(*items, "x-kubernetes-embedded-resource"), name + ".@idx", depth + 1);
    if (made.element == nullptr) return nullptr;
    made.type = list_type(made.element->type);
    made.max_elements = unsigned_or(schema, "maxItems", (kMaxRequest - 2) / (made.element->min_serialized_size + 1));
    made.min_serialized_size = 2;
    std::string_view list = text(schema, "x-kubernetes-list-type");
    made.list_kind = list == "set" ? ListKind::Set : list == "map" ? ListKind::Map : ListKind::Atomic;
    if (const schema::Value* keys = schema.find("x-kubernetes-list-map-keys"); keys != nullptr && keys->is_array()) {
      for (const schema::Value& key : keys->as_array()) {
        if (key.is_string()) made.list_keys.push_back(key.as_string());
      }
    }
    return share(std::move(made), schema);
  }
  if (type == "string") return share(declare_string(schema), schema);
  if (type == "boolean") return share(scalar(bool_type(), 4), schema);
  if (type == "number") return share(scalar(double_type(), 1), schema);
  if (type == "integer") return share(scalar(int_type(), 1), schema);
  return nullptr;
}

}  // namespace

DeclarationRef declare(const schema::Value& openapi_schema, const DeclareOptions& options) {
  return build(openapi_schema, options.resource_root, options.type_name, 0);
}

}  // namespace cel
