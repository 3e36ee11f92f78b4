#include "schema/go_type.h"

#include "base/strings.h"

namespace schema {

std::string go_type_of(const Type& type) {
  std::string_view package = type.version;
  if (package.empty()) package = type.package.substr(type.package.rfind('.') + 1);
  return base::cat({package, ".", type.name});
}

std::string go_type_of_element(const Field& field) {
  switch (field.shape) {
    case Shape::Bool:
      return "bool";
    case Shape::Int32:
    case Shape::Enum:
      return "int32";
    case Shape::Int64:
      return "int64";
    case Shape::UInt32:
      return "uint32";
    case Shape::UInt64:
      return "uint64";
    case Shape::Double:
      return "float64";
    case Shape::String:
      return "string";
    case Shape::Bytes:
      return "[]uint8";
    case Shape::Quantity:
      return "resource.Quantity";
    case Shape::IntOrString:
      return "intstr.IntOrString";
    case Shape::Time:
      return "v1.Time";
    case Shape::MicroTime:
      return "v1.MicroTime";
    case Shape::Duration:
      return "v1.Duration";
    case Shape::Raw:
      return "runtime.RawExtension";
    case Shape::Struct:
      return go_type_of(*field.type);
  }
  return "";
}

std::string go_type_of(const Field& field) {
  switch (field.holder) {
    case Holder::List:
      return "[]" + go_type_of_element(field);
    case Holder::MapOfLists:
      return "map[string][]string";
    case Holder::Map:
      if (field.shape == Shape::Quantity) return "v1.ResourceList";
      return "map[string]" + go_type_of_element(field);
    default:
      return go_type_of_element(field);
  }
}

std::string_view go_type_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      return "<nil>";
    case Value::Kind::Bool:
      return "bool";
    case Value::Kind::Int:
      return "int64";
    case Value::Kind::Double:
      return "float64";
    case Value::Kind::String:
      return "string";
    case Value::Kind::Array:
      return "[]interface {}";
    case Value::Kind::Object:
      return "map[string]interface {}";
  }
  return "";
}

std::string go_embedding(const Type& owner, const Field& field) {
  if (!field.has(Field::Inherited)) return "";
  for (size_t i = owner.json_count; i < owner.all_count; ++i) {
    const Field& part = owner.all[i];
    if (part.type == nullptr || part.holder != Holder::Value || !part.name().empty()) continue;
    for (const Field& candidate : part.type->fields()) {
      if (candidate.offset + part.offset != field.offset || candidate.name() != field.name()) continue;
      return base::cat({part.type->name, ".", go_embedding(*part.type, candidate)});
    }
  }
  return "";
}

}  // namespace schema
