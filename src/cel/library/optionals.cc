// Values that may be absent: optional.of, orValue and their kin.

#include "cel/library/libraries.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value none(Arguments) {
  return Value::of_optional(std::nullopt);
}
Value of(Arguments a) {
  return Value::of_optional(a[0]);
}

bool is_zero(const Value& value) {
  switch (value.kind()) {
    case Kind::Null:
      return true;
    case Kind::Bool:
      return !value.as_bool();
    case Kind::Int:
    case Kind::Uint:
    case Kind::Duration:
      return value.as_int() == 0;
    case Kind::Double:
      return value.as_double() == 0;
    case Kind::String:
    case Kind::Bytes:
      return value.as_string().empty();
    case Kind::Timestamp:
      return value.as_timestamp() == base::Time{-62135596800, 0};
    case Kind::List:
      return value.list_size() == 0;
    case Kind::Map:
      return value.map_size() == 0;
    case Kind::Object:
      return value.field_count() == 0;
    default:
      return false;
  }
}
Value of_non_zero(Arguments a) {
  return is_zero(a[0]) ? Value::of_optional(std::nullopt) : Value::of_optional(a[0]);
}
Value has_value(Arguments a) {
  return Value::of_bool(a[0].optional_value() != nullptr);
}
Value value(Arguments a) {
  const Value* inner = a[0].optional_value();
  return inner == nullptr ? Value::error("optional.none() dereference") : *inner;
}
// The evaluator does not ask for the other side when there is a value.
Value or_optional(Arguments a) {
  return a[0].optional_value() != nullptr ? a[0] : a[1];
}
Value or_value(Arguments a) {
  return a[0].optional_value() != nullptr ? *a[0].optional_value() : a[1];
}

Value unwrap(Arguments a) {
  std::vector<Value> present;
  for (size_t i = 0; i < a[0].list_size(); ++i) {
    Value element = a[0].list_at(i);
    if (!element.is_optional()) return no_such_overload();
    if (const Value* inner = element.optional_value()) present.push_back(*inner);
  }
  return Value::of_list(std::move(present));
}

}  // namespace

void add_optionals(Functions& f) {
  TypeRef v = type_parameter("V");
  TypeRef optional = optional_type(v);
  f.global("optional.none", "optional_none", {}, optional, none);
  f.global("optional.of", "optional_of", {v}, optional, of);
  f.global("optional.ofNonZeroValue", "optional_ofNonZeroValue", {v}, optional, of_non_zero);
  f.member("value", "optional_value", {optional}, v, value);
  f.member("hasValue", "optional_hasValue", {optional}, bool_type(), has_value);
  f.member("or", "optional_or_optional", {optional, optional}, optional, or_optional);
  f.member("orValue", "optional_orValue_value", {optional, v}, v, or_value);
  f.global("optional.unwrap", "optional_unwrap", {list_type(optional)}, list_type(v), unwrap);
  f.member("unwrapOpt", "optional_unwrapOpt", {list_type(optional)}, list_type(v), unwrap);
}

}  // namespace cel::library
