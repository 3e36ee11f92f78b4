// sets.contains, sets.equivalent, sets.intersects: lists taken as sets.

#include "cel/library/libraries.h"
#include "cel/operators.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

bool contains_all(const Value& set, const Value& subset) {
  for (size_t i = 0; i < subset.list_size(); ++i) {
    if (!is_in(subset.list_at(i), set).is_true()) return false;
  }
  return true;
}

Value contains(Arguments a) {
  return Value::of_bool(contains_all(a[0], a[1]));
}
Value equivalent(Arguments a) {
  return Value::of_bool(contains_all(a[0], a[1]) && contains_all(a[1], a[0]));
}
Value intersects(Arguments a) {
  for (size_t i = 0; i < a[1].list_size(); ++i) {
    if (is_in(a[1].list_at(i), a[0]).is_true()) return Value::of_bool(true);
  }
  return Value::of_bool(false);
}

}  // namespace

void add_sets(Functions& f) {
  TypeRef list = list_type(type_parameter("T"));
  f.global("sets.contains", "list_sets_contains_list", {list, list}, bool_type(), contains, CallCost::SetsOnce);
  f.global("sets.equivalent", "list_sets_equivalent_list", {list, list}, bool_type(), equivalent, CallCost::SetsTwice);
  f.global("sets.intersects", "list_sets_intersects_list", {list, list}, bool_type(), intersects, CallCost::SetsOnce);
}

}  // namespace cel::library
