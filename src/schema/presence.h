// Whether a member of a struct is written in JSON, and whether as null: what its codec and the comparison of fields
// agree on. Inline, since the encoder asks for every field.
#pragma once

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/duration.h"
#include "schema/int_or_string.h"
#include "schema/type.h"

namespace schema::presence {

template <class T>
const T& as(const void* member) {
  return *static_cast<const T*>(member);
}

template <class T>
bool is_null(const void* member) {
  return !as<std::optional<T>>(member).has_value();
}
inline bool is_null_optional(Shape shape, const void* member) {
  switch (shape) {
    case Shape::Bool:
      return is_null<bool>(member);
    case Shape::Int32:
    case Shape::Enum:
      return is_null<int32_t>(member);
    case Shape::Int64:
      return is_null<int64_t>(member);
    case Shape::UInt32:
      return is_null<uint32_t>(member);
    case Shape::UInt64:
      return is_null<uint64_t>(member);
    case Shape::Double:
      return is_null<double>(member);
    case Shape::Quantity:
      return is_null<base::Quantity>(member);
    case Shape::IntOrString:
      return is_null<IntOrString>(member);
    case Shape::Duration:
      return is_null<Duration>(member);
    default:
      return is_null<std::string>(member);
  }
}

inline bool is_empty_list(const Field& field, const void* member) {
  if (field.shape == Shape::Bool) return as<std::vector<bool>>(member).empty();
  // Asked for every list of every struct, so without a call: a vector without elements begins where it ends.
  static_assert(sizeof(std::vector<char>) == 3 * sizeof(void*));
  const void* bounds[2];
  memcpy(bounds, member, sizeof bounds);
  return bounds[0] == bounds[1];
}

// Whether Go's omitempty would leave the member out. Structs never are; nor are times, unless they may be null.
inline bool is_empty_member(const Field& field, const void* member) {
  switch (field.holder) {
    case Holder::Optional:
      return is_null_optional(field.shape, member);
    case Holder::Box:
      return as<AnyBox>(member).value == nullptr;
    case Holder::List:
      return is_empty_list(field, member);
    case Holder::Map:
    case Holder::MapOfLists:
      return map_ops(field)->size(member) == 0;
    case Holder::Value:
      break;
  }
  switch (field.shape) {
    case Shape::Bool:
      return !as<bool>(member);
    case Shape::Int32:
    case Shape::Enum:
    case Shape::UInt32:
      return as<int32_t>(member) == 0;
    case Shape::Int64:
    case Shape::UInt64:
      return as<int64_t>(member) == 0;
    case Shape::Double:
      return as<double>(member) == 0;
    case Shape::String:
    case Shape::Bytes:
      return as<std::string>(member).empty();
    case Shape::Raw:
      return field.has(Field::Pointer) && as<std::string>(member).empty();
    case Shape::Time:
    case Shape::MicroTime:
      return field.has(Field::Pointer) && as<base::Time>(member).is_zero();
    default:
      return false;
  }
}

inline bool is_zero_struct(const Type& type, const void* object) {
  for (const Field& field : type.fields()) {
    if (!is_empty_member(field, field.in(object))) return false;
    if (field.shape == Shape::Struct && field.holder == Holder::Value &&
        !is_zero_struct(*field.type, field.in(object))) {
      return false;
    }
  }
  return true;
}

inline bool is_left_out(const Field& field, const void* member) {
  if (field.has(Field::OmitEmpty) && is_empty_member(field, member)) return true;
  if (!field.has(Field::OmitZero)) return false;
  if (field.shape == Shape::Struct && field.holder == Holder::Value) return is_zero_struct(*field.type, member);
  bool is_time = field.shape == Shape::Time || field.shape == Shape::MicroTime;
  return is_time ? as<base::Time>(member).is_zero() : is_empty_member(field, member);
}

// Whether a member that is written is written as null.
inline bool is_null(const Field& field, const void* member) {
  switch (field.holder) {
    case Holder::Optional:
      return is_null_optional(field.shape, member);
    case Holder::Box:
      return as<AnyBox>(member).value == nullptr;
    case Holder::List:
      return !field.has(Field::EmptyArray) && is_empty_list(field, member);
    case Holder::Map:
    case Holder::MapOfLists:
      return map_ops(field)->size(member) == 0;
    case Holder::Value:
      break;
  }
  switch (field.shape) {
    case Shape::Bytes:
    case Shape::Raw:
      return as<std::string>(member).empty();
    case Shape::Time:
    case Shape::MicroTime:
      return as<base::Time>(member).is_zero();
    default:
      return false;
  }
}

}  // namespace schema::presence
