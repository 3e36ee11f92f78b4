#include "schema/apply/type_ref.h"

#include "api/meta_v1.h"
#include "schema/structural.h"

namespace schema::apply {
namespace {

constexpr Atom kDeduced{Scalar::Untyped, ListRule::Atomic, MapRule::Granular};
constexpr Atom kUntyped{Scalar::Untyped, ListRule::Atomic, MapRule::Atomic};

Atom atom_of_struct(const Type& type, bool atomic) {
  if (type.form != Form::Fields) return kDeduced;
  return {.map = atomic ? MapRule::Atomic : MapRule::Granular};
}

Atom atom_of_element(const Field& field) {
  switch (field.shape) {
    case Shape::Bool:
      return {.scalar = Scalar::Boolean};
    case Shape::Int32:
    case Shape::Int64:
    case Shape::UInt32:
    case Shape::UInt64:
    case Shape::Enum:
    case Shape::Double:
      return {.scalar = Scalar::Numeric};
    case Shape::String:
    case Shape::Bytes:
    case Shape::Duration:
      return {.scalar = Scalar::String};
    case Shape::Time:
    case Shape::MicroTime:
      return {.scalar = Scalar::Untyped};
    case Shape::Quantity:
    case Shape::IntOrString:
      return kDeduced;
    case Shape::Raw:
      return kUntyped;
    case Shape::Struct:
      return atom_of_struct(*field.type, is_atomic_struct(field));
  }
  return kDeduced;
}

ListRule list_rule(const Field& field) {
  switch (field.list_type) {
    case ListType::Set:
      return ListRule::Set;
    case ListType::Map:
      return ListRule::Map;
    default:
      return ListRule::Atomic;
  }
}

MapRule map_rule_of(const Value& schema) {
  return schema.text_at({"x-kubernetes-map-type"}) == "atomic" ? MapRule::Atomic : MapRule::Granular;
}

ListRule list_rule_of(const Value& schema) {
  auto type = schema.text_at({"x-kubernetes-list-type"});
  return type == "set" ? ListRule::Set : type == "map" ? ListRule::Map : ListRule::Atomic;
}

bool flag(const Value& schema, std::string_view name) {
  const Value* value = schema.find(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

Atom atom_of_schema(const Value& schema) {
  auto type = schema.text_at({"type"});
  if (type == "object") return {.map = map_rule_of(schema)};
  if (type == "array") return {.list = list_rule_of(schema)};
  if (type == "integer" || type == "number") return {.scalar = Scalar::Numeric};
  if (type == "boolean") return {.scalar = Scalar::Boolean};
  if (type == "string") {
    auto format = schema.text_at({"format"});
    return {.scalar = format.empty() || format == "byte" ? Scalar::String : Scalar::Untyped};
  }
  return {.scalar = Scalar::Untyped, .list = list_rule_of(schema), .map = map_rule_of(schema)};
}

// The zero value that a scalar has which is always written.
std::optional<Value> zero_of(const Field& field) {
  if (field.has(Field::OmitEmpty) || field.has(Field::OmitZero) || field.has(Field::Pointer)) return std::nullopt;
  switch (atom_of_element(field).scalar) {
    case Scalar::String:
      return Value("");
    case Scalar::Numeric:
      return Value(0);
    case Scalar::Boolean:
      return Value(false);
    default:
      return std::nullopt;
  }
}

}  // namespace

Atom Atom::deduced(const Value& value) const {
  switch (value.kind()) {
    case Value::Kind::Null:
      return *this;
    case Value::Kind::Array:
      return list == ListRule::None ? *this : Atom{.list = list};
    case Value::Kind::Object:
      return map == MapRule::None ? *this : Atom{.map = map};
    default:
      return scalar == Scalar::None ? *this : Atom{.scalar = scalar};
  }
}

bool is_atomic_struct(const Field& field) {
  if (field.map_type != MapType::None && field.holder != Holder::Map) return field.map_type == MapType::Atomic;
  return field.type->has(Type::Atomic);
}

TypeRef TypeRef::of(const Type& type) {
  if (type.form != Form::Custom) return {Source::Struct, &type};
  return type.structural == nullptr ? deduced() : structural(type.structural->document, true);
}

TypeRef TypeRef::member(const Field& field) {
  return {Source::Member, &field};
}

TypeRef TypeRef::element(const Field& field) {
  return {Source::Element, &field};
}

TypeRef TypeRef::structural(const Value& schema, bool whole) {
  return {whole ? Source::Whole : Source::Structural, &schema};
}

Atom TypeRef::atom() const {
  switch (source_) {
    case Source::Struct:
      return atom_of_struct(type(), type().has(Type::Atomic));
    case Source::Member:
      if (field().holder == Holder::List) return {.list = list_rule(field())};
      if (field().holder == Holder::Map || field().holder == Holder::MapOfLists) {
        return {.map = field().map_type == MapType::Atomic ? MapRule::Atomic : MapRule::Granular};
      }
      return atom_of_element(field());
    case Source::Element:
      return atom_of_element(field());
    case Source::Strings:
      return {.list = ListRule::Atomic};
    case Source::Text:
      return {.scalar = Scalar::String};
    case Source::Whole:
    case Source::Structural:
      return atom_of_schema(schema());
    case Source::Deduced:
      return kDeduced;
    case Source::Untyped:
      return kUntyped;
  }
  return kDeduced;
}

size_t TypeRef::key_count() const {
  if (source_ == Source::Member && field().notes != nullptr) return field().notes->keys.size();
  if (source_ != Source::Structural) return 0;
  const Value* keys = schema().find("x-kubernetes-list-map-keys");
  return keys != nullptr && keys->is_array() ? keys->as_array().size() : 0;
}

std::string_view TypeRef::key(size_t index) const {
  if (source_ == Source::Member) return field().notes->keys[index];
  const Value& key = schema().find("x-kubernetes-list-map-keys")->as_array()[index];
  return key.is_string() ? std::string_view(key.as_string()) : std::string_view();
}

std::optional<Value> TypeRef::key_default(std::string_view key) const {
  if (source_ == Source::Structural) {
    const Value* value = schema().at({"items", "properties", key, "default"});
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (source_ != Source::Member || field().type == nullptr) return std::nullopt;
  const Field* declared = field().type->find(key);
  if (declared == nullptr) return std::nullopt;
  if (declared->notes != nullptr && !declared->notes->default_json.empty()) {
    auto value = Value::parse(declared->notes->default_json);
    return value ? std::optional(std::move(*value)) : std::nullopt;
  }
  return zero_of(*declared);
}

TypeRef TypeRef::items() const {
  if (source_ == Source::Member) return element(field());
  if (source_ == Source::Strings) return {Source::Text, nullptr};
  if (source_ == Source::Structural || source_ == Source::Whole) {
    if (const Value* items = schema().find("items")) return structural(*items);
  }
  return {Source::Untyped, nullptr};
}

std::optional<TypeRef> TypeRef::declared(std::string_view key) const {
  switch (source_) {
    case Source::Member:
    case Source::Element: {
      bool map = source_ == Source::Member && (field().holder == Holder::Map || field().holder == Holder::MapOfLists);
      if (map || field().shape != Shape::Struct) return std::nullopt;
      return of(*field().type).declared(key);
    }
    case Source::Struct:
      if (type().form != Form::Fields) return std::nullopt;
      if (const Field* field = type().find(key)) return member(*field);
      if (type().has(Type::Kind) && (key == "kind" || key == "apiVersion")) return TypeRef(Source::Text, nullptr);
      return std::nullopt;
    case Source::Structural:
    case Source::Whole: {
      if (source_ == Source::Whole || flag(schema(), "x-kubernetes-embedded-resource")) {
        if (key == "kind" || key == "apiVersion") return TypeRef(Source::Text, nullptr);
        if (key == "metadata") return of(api::meta_v1::ObjectMeta::kType);
      }
      const Value* property = schema().at({"properties", key});
      return property == nullptr ? std::nullopt : std::optional(structural(*property));
    }
    default:
      return std::nullopt;
  }
}

std::optional<TypeRef> TypeRef::others() const {
  switch (source_) {
    case Source::Member:
      if (field().holder == Holder::Map) return element(field());
      if (field().holder == Holder::MapOfLists) return TypeRef(Source::Strings, nullptr);
      [[fallthrough]];
    case Source::Element:
      if (field().shape == Shape::Struct && field().type->form == Form::Fields) return std::nullopt;
      return deduced();
    case Source::Struct:
      return type().form == Form::Fields ? std::nullopt : std::optional(deduced());
    case Source::Structural:
    case Source::Whole: {
      const Value* additional = schema().find("additionalProperties");
      if (additional != nullptr && additional->is_object()) return structural(*additional);
      if (additional != nullptr && additional->is_bool())
        return additional->as_bool() ? std::optional(deduced()) : std::nullopt;
      const Value* properties = schema().find("properties");
      bool open = properties == nullptr || !properties->is_object() || properties->as_object().empty();
      if (open || flag(schema(), "x-kubernetes-preserve-unknown-fields")) return deduced();
      return std::nullopt;
    }
    case Source::Deduced:
      return deduced();
    default:
      return TypeRef(Source::Untyped, nullptr);
  }
}

std::optional<TypeRef> TypeRef::at(std::string_view key) const {
  auto field = declared(key);
  return field ? field : others();
}

}  // namespace schema::apply
