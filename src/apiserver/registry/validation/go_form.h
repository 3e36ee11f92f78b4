// Structs as upstream's server shows them inside messages: in the form it works with, which differs from the API's
// JSON. Names are capitalized, nothing is left out, and the fields of pods and containers stand in an order of their
// own.
#pragma once

#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "schema/field_error.h"
#include "schema/type.h"

namespace apiserver {

// Compact JSON of the form.
std::string go_json(const schema::Type& type, const void* object);
// One field a line, indented by one.
std::string go_json_indented(const schema::Type& type, const void* object);

template <class T>
schema::BadValue go_value(const T& object) {
  return schema::BadValue::json(go_json(T::kType, &object));
}
template <class T>
schema::BadValue go_value(const schema::Box<T>& object) {
  return object ? go_value(*object) : schema::BadValue();
}
template <class T>
schema::BadValue go_value(const std::vector<T>& list) {
  if (list.empty()) return {};
  std::string shown = "[";
  for (const auto& one : list) shown += (shown.size() > 1 ? "," : "") + go_json(T::kType, &one);
  return schema::BadValue::json(shown + "]");
}

// Of two texts by lines: the hunks, without a header.
std::string unified_diff(const std::string& before, const std::string& after);

// What changed, as a unified diff of the two in the indented form, with three lines of context.
template <class T>
std::string go_diff(const T& before, const T& after) {
  return unified_diff(go_json_indented(T::kType, &before), go_json_indented(T::kType, &after));
}

}  // namespace apiserver
