#include "schema/loose_conversion.h"

#include <cmath>
#include <cstdint>

#include "base/strings.h"
#include "schema/go_type.h"

namespace schema {
namespace {

using base::cat;
using base::Code;
using base::Result;

// Go's kinds of decoded values: its types, without what they are made of.
std::string_view go_kind(const Value& value) {
  if (value.is_null()) return "";
  if (value.is_array()) return "slice";
  if (value.is_object()) return "map";
  return go_type_of(value);
}

std::unexpected<base::Error> refuse(std::string message) {
  return base::fail(Code::BadRequest, std::move(message));
}

Result<void> convert_struct(const Type& type, Value& value);

Result<void> convert_integer(std::string_view name, Value& value) {
  if (value.is_double()) {
    double number = value.as_double();
    if (number != std::trunc(number) || std::abs(number) >= 0x1p63)
      return refuse(cat({"cannot convert float64 to ", name}));
    value = static_cast<int64_t>(number);
  }
  if (!value.is_int()) return refuse(cat({"unrecognized type: ", name}));
  if (name == "int32") value = int64_t{static_cast<int32_t>(value.as_int())};
  return {};
}

// What has a JSON form of its own is read from JSON again, without a path.
Result<void> convert_own_form(Shape shape, const Value& value) {
  auto wrong = [&](std::string_view wanted) {
    return refuse(cat({"json: cannot unmarshal ", value.kind_name(), " into Go value of type ", wanted}));
  };
  switch (shape) {
    case Shape::IntOrString:
      if (value.is_string() || (value.is_int() && value.as_int() == static_cast<int32_t>(value.as_int()))) return {};
      if (value.is_number())
        return refuse(cat({"json: cannot unmarshal number ", value.to_json(), " into Go value of type int32"}));
      return wrong("int32");
    case Shape::Time:
    case Shape::MicroTime:
    case Shape::Duration:
      if (!value.is_string()) return wrong("string");
      return {};
    default:
      return {};
  }
}

Result<void> convert_scalar(const Field& field, Value& value) {
  switch (field.shape) {
    case Shape::Bool:
      if (!value.is_bool()) return refuse("unrecognized type: bool");
      return {};
    case Shape::String:
      if (value.is_int()) return refuse("cannot convert int64 to string");
      if (!value.is_string()) return refuse("unrecognized type: string");
      return {};
    case Shape::Int32:
    case Shape::Enum:
      return convert_integer("int32", value);
    case Shape::Int64:
      return convert_integer("int64", value);
    case Shape::Double:
      if (!value.is_number()) return refuse("unrecognized type: float64");
      return {};
    case Shape::Bytes: {
      if (!value.is_string()) return refuse(cat({"cannot restore slice from ", go_kind(value)}));
      auto bytes = base::base64_decode(value.as_string());
      if (!bytes) return refuse(cat({"error decoding from json: ", bytes.error().message()}));
      return {};
    }
    case Shape::Struct:
      if (field.type->form != Form::Fields) return {};
      return convert_struct(*field.type, value);
    default:
      return convert_own_form(field.shape, value);
  }
}

Result<void> convert_field(const Field& field, Value& value) {
  if (value.is_null()) return {};
  switch (field.holder) {
    case Holder::List:
      if (!value.is_array()) return refuse(cat({"cannot restore slice from ", go_kind(value)}));
      for (Value& element : value.as_array()) {
        if (!element.is_null()) TRY(convert_scalar(field, element));
      }
      return {};
    case Holder::Map:
    case Holder::MapOfLists:
      if (!value.is_object()) return refuse(cat({"cannot restore map from ", go_kind(value)}));
      for (Member& member : value.as_object()) {
        if (member.value.is_null()) continue;
        if (field.holder == Holder::Map) {
          TRY(convert_scalar(field, member.value));
          continue;
        }
        if (!member.value.is_array()) return refuse(cat({"cannot restore slice from ", go_kind(member.value)}));
        for (Value& element : member.value.as_array()) TRY(convert_scalar(field, element));
      }
      return {};
    default:
      return convert_scalar(field, value);
  }
}

Result<void> convert_struct(const Type& type, Value& value) {
  if (!value.is_object()) return refuse(cat({"cannot restore struct from: ", go_kind(value)}));
  // In the order of the struct, whatever that of the text.
  for (const Field& field : type.fields()) {
    if (Value* member = value.find(field.name())) TRY(convert_field(field, *member));
  }
  return {};
}

}  // namespace

Result<void> convert_loosely(const Type& type, Value& value) {
  return convert_struct(type, value);
}

}  // namespace schema
