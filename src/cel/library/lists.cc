// Kubernetes' functions on lists: isSorted, sum, min, max, indexOf, lastIndexOf.

#include "base/strings.h"
#include "cel/equality.h"
#include "cel/library/libraries.h"
#include "cel/operators.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value is_sorted(Arguments a) {
  for (size_t i = 1; i < a[0].list_size(); ++i) {
    auto order = compare(a[0].list_at(i - 1), a[0].list_at(i));
    if (!order) return no_such_overload();
    if (*order > 0) return Value::of_bool(false);
  }
  return Value::of_bool(true);
}

template <Value (*kZero)()>
Value sum(Arguments a) {
  if (a[0].list_size() == 0) return kZero();
  Value total = a[0].list_at(0);
  for (size_t i = 1; i < a[0].list_size() && !total.is_error(); ++i) total = add(total, a[0].list_at(i));
  return total;
}
Value zero_int() {
  return Value::of_int(0);
}
Value zero_uint() {
  return Value::of_uint(0);
}
Value zero_double() {
  return Value::of_double(0);
}
Value zero_duration() {
  return Value::of_duration(0);
}

template <bool kLeast>
Value extreme(Arguments a) {
  if (a[0].list_size() == 0) return Value::error(kLeast ? "min called on empty list" : "max called on empty list");
  Value best = a[0].list_at(0);
  for (size_t i = 1; i < a[0].list_size(); ++i) {
    Value candidate = a[0].list_at(i);
    auto order = compare(candidate, best);
    if (!order) return no_such_overload();
    if (kLeast ? *order < 0 : *order > 0) best = std::move(candidate);
  }
  return best;
}

Value index_of(Arguments a) {
  for (size_t i = 0; i < a[0].list_size(); ++i) {
    if (equal(a[0].list_at(i), a[1])) return Value::of_int(static_cast<int64_t>(i));
  }
  return Value::of_int(-1);
}
Value last_index_of(Arguments a) {
  for (size_t i = a[0].list_size(); i > 0; --i) {
    if (equal(a[0].list_at(i - 1), a[1])) return Value::of_int(static_cast<int64_t>(i - 1));
  }
  return Value::of_int(-1);
}

}  // namespace

void add_lists(Functions& f) {
  constexpr CallCost kCost = CallCost::ListTraversal;
  for (const TypeRef& type : {int_type(), uint_type(), double_type(), bool_type(), duration_type(), timestamp_type(),
                              string_type(), bytes_type()}) {
    std::string prefix = base::cat({"list_", type->to_string()});
    f.member("isSorted", prefix + "_is_sorted_bool", {list_type(type)}, bool_type(), is_sorted, kCost);
    f.member("max", prefix + "_max", {list_type(type)}, type, extreme<false>, kCost);
    f.member("min", prefix + "_min", {list_type(type)}, type, extreme<true>, kCost);
  }
  f.member("sum", "list_int_sum_int", {list_type(int_type())}, int_type(), sum<zero_int>, kCost);
  f.member("sum", "list_uint_sum_uint", {list_type(uint_type())}, uint_type(), sum<zero_uint>, kCost);
  f.member("sum", "list_double_sum_double", {list_type(double_type())}, double_type(), sum<zero_double>, kCost);
  f.member("sum", "list_duration_sum_duration", {list_type(duration_type())}, duration_type(), sum<zero_duration>,
           kCost);
  TypeRef t = type_parameter("T");
  f.member("indexOf", "list_a_index_of_int", {list_type(t), t}, int_type(), index_of, kCost);
  f.member("lastIndexOf", "list_a_last_index_of_int", {list_type(t), t}, int_type(), last_index_of, kCost);
}

}  // namespace cel::library
