#include "cel/type.h"

namespace cel {
namespace {

TypeRef make(Kind kind, std::string name = {}, std::vector<TypeRef> parameters = {}) {
  return std::make_shared<const Type>(Type{kind, std::move(name), std::move(parameters)});
}

constexpr std::string_view kOptional = "optional_type";

}  // namespace

TypeRef dyn_type() {
  static const TypeRef type = make(Kind::Dyn);
  return type;
}
TypeRef error_type() {
  static const TypeRef type = make(Kind::Error);
  return type;
}
TypeRef null_type() {
  static const TypeRef type = make(Kind::Null);
  return type;
}
TypeRef bool_type() {
  static const TypeRef type = make(Kind::Bool);
  return type;
}
TypeRef int_type() {
  static const TypeRef type = make(Kind::Int);
  return type;
}
TypeRef uint_type() {
  static const TypeRef type = make(Kind::Uint);
  return type;
}
TypeRef double_type() {
  static const TypeRef type = make(Kind::Double);
  return type;
}
TypeRef string_type() {
  static const TypeRef type = make(Kind::String);
  return type;
}
TypeRef bytes_type() {
  static const TypeRef type = make(Kind::Bytes);
  return type;
}
TypeRef timestamp_type() {
  static const TypeRef type = make(Kind::Timestamp);
  return type;
}
TypeRef duration_type() {
  static const TypeRef type = make(Kind::Duration);
  return type;
}
TypeRef list_type(TypeRef element) {
  return make(Kind::List, {}, {std::move(element)});
}
TypeRef map_type(TypeRef key, TypeRef value) {
  return make(Kind::Map, {}, {std::move(key), std::move(value)});
}
TypeRef object_type(std::string name) {
  return make(Kind::Object, std::move(name));
}
TypeRef opaque_type(std::string name, std::vector<TypeRef> parameters) {
  return make(Kind::Opaque, std::move(name), std::move(parameters));
}
TypeRef optional_type(TypeRef value) {
  return make(Kind::Opaque, std::string(kOptional), {std::move(value)});
}
TypeRef type_type(TypeRef of) {
  return of == nullptr ? make(Kind::Type) : make(Kind::Type, {}, {std::move(of)});
}
TypeRef type_parameter(std::string name) {
  return make(Kind::Param, std::move(name));
}

bool is_optional(const Type& type) {
  return type.kind == Kind::Opaque && type.name == kOptional;
}

bool same_type(const Type& a, const Type& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.name != b.name || a.parameters.size() != b.parameters.size()) return false;
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    if (!same_type(*a.parameters[i], *b.parameters[i])) return false;
  }
  return true;
}

std::string_view Type::runtime_name() const {
  switch (kind) {
    case Kind::Error:
      return "error";
    case Kind::Dyn:
      return "dyn";
    case Kind::Null:
      return "null_type";
    case Kind::Bool:
      return "bool";
    case Kind::Int:
      return "int";
    case Kind::Uint:
      return "uint";
    case Kind::Double:
      return "double";
    case Kind::String:
      return "string";
    case Kind::Bytes:
      return "bytes";
    case Kind::Timestamp:
      return "google.protobuf.Timestamp";
    case Kind::Duration:
      return "google.protobuf.Duration";
    case Kind::List:
      return "list";
    case Kind::Map:
      return "map";
    case Kind::Type:
      return "type";
    case Kind::Object:
    case Kind::Opaque:
    case Kind::Param:
      return name;
  }
  return name;
}

std::string Type::to_string() const {
  std::string text;
  switch (kind) {
    case Kind::Error:
      return "!error!";
    case Kind::Null:
      return "null";
    case Kind::Timestamp:
      return "timestamp";
    case Kind::Duration:
      return "duration";
    default:
      text = runtime_name();
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    text += i == 0 ? "(" : ", ";
    text += parameters[i]->to_string();
  }
  if (!parameters.empty()) text += ")";
  return text;
}

}  // namespace cel
