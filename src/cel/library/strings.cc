// The extended string functions, version 2: charAt, indexOf, join, replace, split, substring, format and others.
// Positions count code points.

#include "base/strings.h"

#include <algorithm>

#include "cel/library/characters.h"
#include "cel/library/format_text.h"
#include "cel/library/libraries.h"
#include "cel/source.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value out_of_range(int64_t index) {
  return Value::error("index out of range: " + std::to_string(index));
}
Value text(std::string_view view) {
  return Value::of_string(std::string(view));
}

Value char_at(Arguments a) {
  Characters characters(a[0].as_string());
  int64_t at = a[1].as_int();
  if (at < 0 || static_cast<uint64_t>(at) > characters.size()) return out_of_range(at);
  if (static_cast<uint64_t>(at) == characters.size()) return Value::string_view("");
  return text(characters.slice(at, at + 1));
}

Value index_of_from(const Value& in, const Value& what, int64_t offset) {
  if (what.as_string().empty()) return Value::of_int(offset);
  if (offset < 0) return out_of_range(offset);
  Characters characters(in.as_string());
  if (static_cast<uint64_t>(offset) >= characters.size()) return Value::of_int(-1);
  size_t found = in.as_string().find(what.as_string(), characters.byte_of(offset));
  return Value::of_int(found == std::string_view::npos ? -1 : static_cast<int64_t>(characters.position_of(found)));
}
Value index_of(Arguments a) {
  return index_of_from(a[0], a[1], a.size() == 3 ? a[2].as_int() : 0);
}

Value last_index_of(Arguments a) {
  Characters characters(a[0].as_string());
  if (a.size() == 2) {
    if (a[1].as_string().empty()) return Value::of_int(static_cast<int64_t>(characters.size()));
    size_t found = a[0].as_string().rfind(a[1].as_string());
    return Value::of_int(found == std::string_view::npos ? -1 : static_cast<int64_t>(characters.position_of(found)));
  }
  int64_t offset = a[2].as_int();
  if (a[1].as_string().empty()) return Value::of_int(offset);
  if (offset < 0) return out_of_range(offset);
  if (static_cast<uint64_t>(offset) >= characters.size()) return Value::of_int(-1);
  size_t found = a[0].as_string().rfind(a[1].as_string(), characters.byte_of(offset));
  return Value::of_int(found == std::string_view::npos ? -1 : static_cast<int64_t>(characters.position_of(found)));
}

Value join(Arguments a) {
  std::string out;
  for (size_t i = 0; i < a[0].list_size(); ++i) {
    Value element = a[0].list_at(i);
    if (element.kind() != Kind::String) return no_such_overload();
    if (i > 0 && a.size() == 2) out += a[1].as_string();
    out += element.as_string();
  }
  return Value::of_string(std::move(out));
}

template <char kFirst, char kLast>
Value flip_case(Arguments a) {
  std::string out(a[0].as_string());
  for (char& c : out) {
    if (c >= kFirst && c <= kLast) c ^= 0x20;
  }
  return Value::of_string(std::move(out));
}

// The most a text may grow to by one call.
constexpr size_t kMaxText = 64 << 20;

Value replace(Arguments a) {
  std::string_view in = a[0].as_string();
  std::string_view old = a[1].as_string();
  std::string_view with = a[2].as_string();
  int64_t most = a.size() == 4 ? a[3].as_int() : -1;
  std::string out;
  size_t at = 0;
  for (int64_t count = 0; most < 0 || count < most; ++count) {
    size_t found;
    if (old.empty()) {
      // Around each character.
      found = at;
      if (count > 0) {
        if (at >= in.size()) break;
        ++found;
        while (found < in.size() && (in[found] & 0xc0) == 0x80) ++found;
      }
    } else {
      found = in.find(old, at);
      if (found == std::string_view::npos) break;
    }
    out += in.substr(at, found - at);
    out += with;
    at = found + old.size();
    if (out.size() > kMaxText) return Value::error("result of replace is too large");
  }
  out += in.substr(std::min(at, in.size()));
  return Value::of_string(std::move(out));
}

Value split(Arguments a) {
  std::string_view in = a[0].as_string();
  std::string_view separator = a[1].as_string();
  int64_t most = a.size() == 3 ? a[2].as_int() : -1;
  std::vector<Value> out;
  if (most == 0) return Value::of_list({});
  auto last = [&] { return most > 0 && static_cast<int64_t>(out.size()) == most - 1; };
  if (separator.empty()) {
    Characters characters(in);
    for (size_t i = 0; i < characters.size(); ++i) {
      if (last()) {
        out.push_back(text(characters.slice(i, characters.size())));
        break;
      }
      out.push_back(text(characters.slice(i, i + 1)));
    }
    return Value::of_list(std::move(out));
  }
  size_t at = 0;
  while (!last()) {
    size_t found = in.find(separator, at);
    if (found == std::string_view::npos) break;
    out.push_back(text(in.substr(at, found - at)));
    at = found + separator.size();
  }
  out.push_back(text(in.substr(at)));
  return Value::of_list(std::move(out));
}

Value substring(Arguments a) {
  Characters characters(a[0].as_string());
  auto size = static_cast<int64_t>(characters.size());
  int64_t begin = a[1].as_int();
  int64_t end = a.size() == 3 ? a[2].as_int() : size;
  if (a.size() == 3 && begin > end) {
    return Value::error(
        base::cat({"invalid substring range. start: ", std::to_string(begin), ", end: ", std::to_string(end)}));
  }
  if (begin < 0 || begin > size) return out_of_range(begin);
  if (end < 0 || end > size) return out_of_range(end);
  return text(characters.slice(begin, end));
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}
Value trim(Arguments a) {
  std::vector<char32_t> characters = decode_utf8(a[0].as_string());
  size_t begin = 0;
  size_t end = characters.size();
  while (begin < end && is_space(characters[begin])) ++begin;
  while (end > begin && is_space(characters[end - 1])) --end;
  std::string out;
  for (size_t i = begin; i < end; ++i) append_utf8(out, characters[i]);
  return Value::of_string(std::move(out));
}

Value quote(Arguments a) {
  std::string out = "\"";
  for (char c : base::to_valid_utf8(a[0].as_string())) {
    switch (c) {
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\v':
        out += "\\v";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      default:
        out += c;
    }
  }
  return Value::of_string(out + "\"");
}

Value format(Arguments a) {
  auto out = format_text(a[0].as_string(), a[1]);
  return out ? Value::of_string(std::move(*out)) : Value::error("error during formatting: " + out.error().message());
}

}  // namespace

void add_strings(Functions& f) {
  TypeRef s = string_type();
  TypeRef i = int_type();
  f.member("charAt", "string_char_at_int", {s, i}, s, char_at);
  f.member("indexOf", "string_index_of_string", {s, s}, i, index_of, CallCost::ListTraversal);
  f.member("indexOf", "string_index_of_string_int", {s, s, i}, i, index_of, CallCost::ListTraversal);
  f.member("lastIndexOf", "string_last_index_of_string", {s, s}, i, last_index_of, CallCost::ListTraversal);
  f.member("lastIndexOf", "string_last_index_of_string_int", {s, s, i}, i, last_index_of, CallCost::ListTraversal);
  f.member("join", "list_join", {list_type(s)}, s, join, CallCost::Join);
  f.member("join", "list_join_string", {list_type(s), s}, s, join, CallCost::Join);
  f.member("lowerAscii", "string_lower_ascii", {s}, s, flip_case<'A', 'Z'>, CallCost::Trim);
  f.member("upperAscii", "string_upper_ascii", {s}, s, flip_case<'a', 'z'>, CallCost::Trim);
  f.member("replace", "string_replace_string_string", {s, s, s}, s, replace, CallCost::Replace);
  f.member("replace", "string_replace_string_string_int", {s, s, s, i}, s, replace, CallCost::Replace);
  f.member("split", "string_split_string", {s, s}, list_type(s), split, CallCost::Split);
  f.member("split", "string_split_string_int", {s, s, i}, list_type(s), split, CallCost::Split);
  f.member("substring", "string_substring_int", {s, i}, s, substring, CallCost::Trim);
  f.member("substring", "string_substring_int_int", {s, i, i}, s, substring, CallCost::Trim);
  f.member("trim", "string_trim", {s}, s, trim, CallCost::Trim);
  f.global("strings.quote", "strings_quote", {s}, s, quote, CallCost::Quote);
  f.member("format", "string_format", {s, list_type(dyn_type())}, s, format, CallCost::FormatText);
}

}  // namespace cel::library
