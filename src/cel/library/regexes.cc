// find and findAll.

#include <re2/re2.h>

#include "base/strings.h"
#include "cel/library/libraries.h"
#include "cel/regex.h"
#include "cel/source.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value illegal(std::string_view pattern) {
  return Value::error(base::cat({"Illegal regex: ", regex_error(pattern)}));
}

// The pieces of `text` that match, from the left, `most` at most (all when negative).
std::vector<Value> pieces(const re2::RE2& regex, std::string_view text, int64_t most) {
  std::vector<Value> found;
  re2::StringPiece whole(text.data(), text.size());
  re2::StringPiece match;
  size_t previous = std::string_view::npos;
  for (size_t at = 0; at <= text.size() && most != 0;) {
    if (!regex.Match(whole, at, whole.size(), re2::RE2::UNANCHORED, &match, 1)) break;
    size_t end = static_cast<size_t>(match.data() - text.data()) + match.size();
    // Nothing right behind a match is none.
    if (!match.empty() || end != previous) {
      found.push_back(Value::of_string(std::string(match.data(), match.size())));
      if (most > 0) --most;
    }
    previous = end;
    // Past an empty match, by a whole character.
    if (match.empty()) {
      ++end;
      while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
    }
    at = end;
  }
  return found;
}

Value find(Arguments a) {
  const re2::RE2* regex = find_regex(a[1].as_string());
  if (regex == nullptr) return illegal(a[1].as_string());
  std::vector<Value> found = pieces(*regex, a[0].as_string(), 1);
  return found.empty() ? Value::string_view("") : found[0];
}
Value find_all(Arguments a) {
  const re2::RE2* regex = find_regex(a[1].as_string());
  if (regex == nullptr) return illegal(a[1].as_string());
  return Value::of_list(pieces(*regex, a[0].as_string(), a.size() == 3 ? a[2].as_int() : -1));
}

}  // namespace

void add_regexes(Functions& f) {
  TypeRef text = string_type();
  f.member("find", "string_find_string", {text, text}, text, find, CallCost::Find);
  f.member("findAll", "string_find_all_string", {text, text}, list_type(text), find_all, CallCost::Find);
  f.member("findAll", "string_find_all_string_int", {text, text, int_type()}, list_type(text), find_all,
           CallCost::Find);
}

}  // namespace cel::library
