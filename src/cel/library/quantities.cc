// quantity() and arithmetic with amounts of resources.

#include "base/quantity.h"
#include "cel/library/libraries.h"
#include "cel/library/opaque.h"
#include "cel/library/values.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;
using base::Quantity;
using QuantityHolder = Holder<Quantity, quantity_type>;

const Quantity& in(const Value& value) {
  return QuantityHolder::in(value);
}

Value parse(Arguments a) {
  auto quantity = Quantity::parse(a[0].as_string());
  return quantity ? QuantityHolder::wrap(*quantity) : Value::error(quantity.error().message());
}
Value is_quantity(Arguments a) {
  return Value::of_bool(Quantity::parse(a[0].as_string()).has_value());
}
Value sign(Arguments a) {
  return Value::of_int(in(a[0]).sign());
}
Value is_integer(Arguments a) {
  return Value::of_bool(in(a[0]).as_int64().has_value());
}
Value as_integer(Arguments a) {
  auto value = in(a[0]).as_int64();
  return value ? Value::of_int(*value) : Value::error("cannot convert value to integer");
}
Value as_float(Arguments a) {
  return Value::of_double(in(a[0]).to_double());
}
Value plus(Arguments a) {
  return QuantityHolder::wrap(in(a[0]) + in(a[1]));
}
Value plus_int(Arguments a) {
  return QuantityHolder::wrap(in(a[0]) + Quantity::of(a[1].as_int()));
}
Value minus(Arguments a) {
  return QuantityHolder::wrap(in(a[0]) - in(a[1]));
}
Value minus_int(Arguments a) {
  return QuantityHolder::wrap(in(a[0]) - Quantity::of(a[1].as_int()));
}
Value is_less(Arguments a) {
  return Value::of_bool(in(a[0]) < in(a[1]));
}
Value is_greater(Arguments a) {
  return Value::of_bool(in(a[0]) > in(a[1]));
}
Value compare_to(Arguments a) {
  auto order = in(a[0]) <=> in(a[1]);
  return Value::of_int(order < 0 ? -1 : order > 0 ? 1 : 0);
}

}  // namespace

Value quantity_value(Quantity amount) {
  return QuantityHolder::wrap(std::move(amount));
}

const TypeRef& quantity_type() {
  static const TypeRef type = opaque_type("kubernetes.Quantity");
  return type;
}

void add_quantities(Functions& f) {
  const TypeRef& q = quantity_type();
  f.global("quantity", "string_to_quantity", {string_type()}, q, parse, CallCost::ParseFirst);
  f.global("isQuantity", "is_quantity_string", {string_type()}, bool_type(), is_quantity, CallCost::ParseFirst);
  f.member("sign", "quantity_sign", {q}, int_type(), sign);
  f.member("isInteger", "quantity_is_integer", {q}, bool_type(), is_integer);
  f.member("asInteger", "quantity_as_integer", {q}, int_type(), as_integer);
  f.member("asApproximateFloat", "quantity_as_float", {q}, double_type(), as_float);
  f.member("add", "quantity_add", {q, q}, q, plus);
  f.member("add", "quantity_add_int", {q, int_type()}, q, plus_int);
  f.member("sub", "quantity_sub", {q, q}, q, minus);
  f.member("sub", "quantity_sub_int", {q, int_type()}, q, minus_int);
  f.member("isLessThan", "quantity_less_than", {q, q}, bool_type(), is_less);
  f.member("isGreaterThan", "quantity_greater_than", {q, q}, bool_type(), is_greater);
  f.member("compareTo", "quantity_compare_to", {q, q}, int_type(), compare_to);
}

}  // namespace cel::library
