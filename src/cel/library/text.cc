// The language's own functions on strings: contains, startsWith, endsWith, matches.

#include <re2/re2.h>

#include "cel/library/libraries.h"
#include "cel/regex.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value contains(Arguments a) {
  return Value::of_bool(a[0].as_string().find(a[1].as_string()) != std::string_view::npos);
}
Value starts_with(Arguments a) {
  return Value::of_bool(a[0].as_string().starts_with(a[1].as_string()));
}
Value ends_with(Arguments a) {
  return Value::of_bool(a[0].as_string().ends_with(a[1].as_string()));
}
Value matches(Arguments a) {
  const re2::RE2* regex = find_regex(a[1].as_string());
  if (regex == nullptr) return Value::error(regex_error(a[1].as_string()));
  std::string_view text = a[0].as_string();
  return Value::of_bool(re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex));
}

}  // namespace

void add_text(Functions& f) {
  f.member("contains", "contains_string", {string_type(), string_type()}, bool_type(), contains, CallCost::Contains);
  f.member("startsWith", "starts_with_string", {string_type(), string_type()}, bool_type(), starts_with,
           CallCost::StartsWith);
  f.member("endsWith", "ends_with_string", {string_type(), string_type()}, bool_type(), ends_with,
           CallCost::StartsWith);
  f.member("matches", "matches_string", {string_type(), string_type()}, bool_type(), matches, CallCost::Matches);
  f.global("matches", "matches", {string_type(), string_type()}, bool_type(), matches, CallCost::Matches);
}

}  // namespace cel::library
