// Operators as functions. The evaluator knows most of them itself; here the checker learns their types.

#include "cel/operators.h"

#include "cel/equality.h"
#include "cel/library/libraries.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value call_add(Arguments a) {
  return add(a[0], a[1]);
}
Value call_subtract(Arguments a) {
  return subtract(a[0], a[1]);
}
Value call_multiply(Arguments a) {
  return multiply(a[0], a[1]);
}
Value call_divide(Arguments a) {
  return divide(a[0], a[1]);
}
Value call_modulo(Arguments a) {
  return modulo(a[0], a[1]);
}
Value call_negate(Arguments a) {
  return negate(a[0]);
}
Value call_not(Arguments a) {
  return Value::of_bool(!a[0].as_bool());
}
Value call_equal(Arguments a) {
  return Value::of_bool(equal(a[0], a[1]));
}
Value call_not_equal(Arguments a) {
  return Value::of_bool(!equal(a[0], a[1]));
}
Value call_in(Arguments a) {
  return is_in(a[0], a[1]);
}
Value call_index(Arguments a) {
  return index(a[0], a[1]);
}
Value call_size(Arguments a) {
  return size_of(a[0]);
}

std::string name_of(const TypeRef& type) {
  return std::string(type->to_string());
}

void add_comparison(Functions& f, std::string_view symbol, std::string_view word) {
  for (const TypeRef& type : {bool_type(), int_type(), uint_type(), double_type(), string_type(), bytes_type(),
                              timestamp_type(), duration_type()}) {
    bool text = type->kind == Kind::String || type->kind == Kind::Bytes;
    f.global(symbol, std::string(word) + "_" + name_of(type), {type, type}, bool_type(), nullptr,
             text ? CallCost::Equality : CallCost::One);
  }
  // Numbers of different kinds.
  const TypeRef numbers[] = {int_type(), uint_type(), double_type()};
  for (const TypeRef& a : numbers) {
    for (const TypeRef& b : numbers) {
      if (a == b) continue;
      f.global(symbol, std::string(word) + "_" + name_of(a) + "_" + name_of(b), {a, b}, bool_type(), nullptr);
    }
  }
}

}  // namespace

void add_operators(Functions& f) {
  TypeRef a = type_parameter("A");
  TypeRef b = type_parameter("B");
  f.global("_?_:_", "conditional", {bool_type(), a, a}, a, nullptr, CallCost::Conditional);
  f.global("_&&_", "logical_and", {bool_type(), bool_type()}, bool_type(), nullptr, CallCost::LogicalAnd);
  f.global("_||_", "logical_or", {bool_type(), bool_type()}, bool_type(), nullptr, CallCost::LogicalOr);
  f.global("!_", "logical_not", {bool_type()}, bool_type(), call_not);
  f.global("@not_strictly_false", "not_strictly_false", {bool_type()}, bool_type(), nullptr);
  f.global("_==_", "equals", {a, a}, bool_type(), call_equal, CallCost::Equality);
  f.global("_!=_", "not_equals", {a, a}, bool_type(), call_not_equal, CallCost::Equality);

  for (const TypeRef& number : {int_type(), uint_type(), double_type()}) {
    f.global("_+_", "add_" + name_of(number), {number, number}, number, call_add);
    f.global("_-_", "subtract_" + name_of(number), {number, number}, number, call_subtract);
    f.global("_*_", "multiply_" + name_of(number), {number, number}, number, call_multiply);
    f.global("_/_", "divide_" + name_of(number), {number, number}, number, call_divide);
  }
  f.global("_+_", "add_string", {string_type(), string_type()}, string_type(), call_add, CallCost::AddText);
  f.global("_+_", "add_bytes", {bytes_type(), bytes_type()}, bytes_type(), call_add, CallCost::AddText);
  f.global("_+_", "add_list", {list_type(a), list_type(a)}, list_type(a), call_add, CallCost::AddList);
  f.global("_+_", "add_duration_duration", {duration_type(), duration_type()}, duration_type(), call_add);
  f.global("_+_", "add_duration_timestamp", {duration_type(), timestamp_type()}, timestamp_type(), call_add);
  f.global("_+_", "add_timestamp_duration", {timestamp_type(), duration_type()}, timestamp_type(), call_add);
  f.global("_-_", "subtract_duration_duration", {duration_type(), duration_type()}, duration_type(), call_subtract);
  f.global("_-_", "subtract_timestamp_timestamp", {timestamp_type(), timestamp_type()}, duration_type(), call_subtract);
  f.global("_-_", "subtract_timestamp_duration", {timestamp_type(), duration_type()}, timestamp_type(), call_subtract);
  f.global("_%_", "modulo_int64", {int_type(), int_type()}, int_type(), call_modulo);
  f.global("_%_", "modulo_uint64", {uint_type(), uint_type()}, uint_type(), call_modulo);
  f.global("-_", "negate_int64", {int_type()}, int_type(), call_negate);
  f.global("-_", "negate_double", {double_type()}, double_type(), call_negate);

  add_comparison(f, "_<_", "less");
  add_comparison(f, "_<=_", "less_equals");
  add_comparison(f, "_>_", "greater");
  add_comparison(f, "_>=_", "greater_equals");

  f.global("@in", "in_list", {a, list_type(a)}, bool_type(), call_in, CallCost::InList);
  f.global("@in", "in_map", {a, map_type(a, b)}, bool_type(), call_in);
  f.global("_[_]", "index_list", {list_type(a), int_type()}, a, call_index, CallCost::IndexList);
  f.global("_[_]", "index_map", {map_type(a, b), a}, b, call_index, CallCost::IndexMap);
  f.global("_[_]", "optional_list_index_int", {optional_type(list_type(a)), int_type()}, optional_type(a), nullptr);
  f.global("_[_]", "optional_map_index_value", {optional_type(map_type(a, b)), a}, optional_type(b), nullptr);
  f.global("_[?_]", "list_optindex_optional_int", {list_type(a), int_type()}, optional_type(a), nullptr);
  f.global("_[?_]", "optional_list_optindex_optional_int", {optional_type(list_type(a)), int_type()}, optional_type(a),
           nullptr);
  f.global("_[?_]", "map_optindex_optional_value", {map_type(a, b), a}, optional_type(b), nullptr);
  f.global("_[?_]", "optional_map_optindex_optional_value", {optional_type(map_type(a, b)), a}, optional_type(b),
           nullptr);

  for (const TypeRef& sized : {string_type(), bytes_type(), list_type(a), map_type(a, b)}) {
    f.global("size", "size_" + name_of(sized), {sized}, int_type(), call_size);
    f.member("size", name_of(sized) + "_size", {sized}, int_type(), call_size);
  }
}

}  // namespace cel::library
