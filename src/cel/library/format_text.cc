#include "cel/library/format_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "cel/operators.h"
#include "cel/scalar.h"

namespace cel::library {
namespace {

constexpr int kMaxPrecision = 1000;
constexpr int kMaxDepth = 100;

base::Result<std::string> refuse(std::string message) {
  return base::fail(base::Code::BadRequest, std::move(message));
}

base::Result<std::string> text_of(const Value& value, bool inner, int depth);

base::Result<std::string> text_of_list(const Value& list, int depth) {
  std::string out = "[";
  for (size_t i = 0; i < list.list_size(); ++i) {
    if (i > 0) out += ", ";
    TRY(std::string element, text_of(list.list_at(i), true, depth + 1));
    out += element;
  }
  return out + "]";
}

base::Result<std::string> text_of_map(const Value& map, int depth) {
  std::vector<std::string> entries;
  for (size_t i = 0; i < map.map_size(); ++i) {
    auto [key, value] = map.map_entry(i);
    TRY(std::string left, text_of(key, true, depth + 1));
    TRY(std::string right, text_of(value, true, depth + 1));
    entries.push_back(left + ": " + right);
  }
  std::sort(entries.begin(), entries.end());
  return base::cat({"{", base::join(entries, ", "), "}"});
}

base::Result<std::string> text_of(const Value& value, bool inner, int depth) {
  if (depth > kMaxDepth) return refuse("value is nested too deeply");
  switch (value.kind()) {
    case Kind::Null:
      return std::string("null");
    case Kind::Bool:
      return std::string(value.as_bool() ? "true" : "false");
    case Kind::Int:
      return std::to_string(value.as_int());
    case Kind::Uint:
      return std::to_string(value.as_uint());
    case Kind::Double:
      if (std::isinf(value.as_double())) return std::string(value.as_double() > 0 ? "Infinity" : "-Infinity");
      return text_of_double(value.as_double());
    case Kind::String:
      if (inner) return base::quote(value.as_string());
      [[fallthrough]];
    case Kind::Bytes:
      return std::string(value.as_string());
    case Kind::Timestamp:
      return text_of_timestamp(value.as_timestamp());
    case Kind::Duration:
      return text_of_duration(value.as_duration_ns());
    case Kind::Type:
      return std::string(value.as_type()->runtime_name());
    case Kind::List:
      return text_of_list(value, depth);
    case Kind::Map:
      return text_of_map(value, depth);
    case Kind::Error:
      return refuse(value.error_message());
    default:
      return refuse(
          base::cat({"string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
                     "durations, and timestamps, was given ",
                     value.type_name()}));
  }
}

std::string in_base(uint64_t value, int radix, bool negative) {
  std::array<char, 70> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, radix).ptr;
  return (negative ? "-" : "") + std::string(buffer.data(), end);
}

base::Result<std::string> whole_number(const Value& value, char clause, int radix) {
  if (value.kind() == Kind::Int) {
    bool negative = value.as_int() < 0;
    uint64_t magnitude = negative ? -static_cast<uint64_t>(value.as_int()) : static_cast<uint64_t>(value.as_int());
    return in_base(magnitude, radix, negative);
  }
  if (value.kind() == Kind::Uint) return in_base(value.as_uint(), radix, false);
  if (clause == 'b' && value.kind() == Kind::Bool) return std::string(value.as_bool() ? "1" : "0");
  if (clause == 'x' && (value.kind() == Kind::String || value.kind() == Kind::Bytes))
    return base::hex_encode(value.as_string());
  std::string_view name = clause == 'd'   ? "decimal clause can only be used on integers, was given "
                          : clause == 'b' ? "only integers and bools can be formatted as binary, was given "
                          : clause == 'o'
                              ? "octal clause can only be used on integers, was given "
                              : "only integers, byte buffers, and strings can be formatted as hex, was given ";
  return refuse(base::cat({name, value.type_name()}));
}

base::Result<std::string> fraction(const Value& value, char clause, int precision) {
  double number;
  if (value.kind() == Kind::Double) {
    number = value.as_double();
  } else if (value.kind() == Kind::Int) {
    number = static_cast<double>(value.as_int());
  } else if (value.kind() == Kind::Uint) {
    number = static_cast<double>(value.as_uint());
  } else {
    return refuse(base::cat({clause == 'f' ? "fixed-point" : "scientific",
                             " clause can only be used on doubles, was given ", value.type_name()}));
  }
  if (std::isnan(number)) return std::string("NaN");
  if (std::isinf(number)) return std::string(number > 0 ? "Infinity" : "-Infinity");
  std::string buffer(kMaxPrecision + 400, '\0');
  auto form = clause == 'f' ? std::chars_format::fixed : std::chars_format::scientific;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, form, precision).ptr;
  buffer.resize(end - buffer.data());
  return buffer;
}

base::Result<std::string> clause_text(char clause, int precision, const Value& value) {
  switch (clause) {
    case 's':
      return text_of(value, false, 0);
    case 'd':
      return whole_number(value, 'd', 10);
    case 'b':
      return whole_number(value, 'b', 2);
    case 'o':
      return whole_number(value, 'o', 8);
    case 'x':
      return whole_number(value, 'x', 16);
    case 'X': {
      TRY(std::string out, whole_number(value, 'x', 16));
      for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      return out;
    }
    case 'f':
    case 'e':
      return fraction(value, clause, precision);
    default:
      return refuse(base::cat({"unrecognized formatting clause \"", std::string(1, clause), "\""}));
  }
}

}  // namespace

base::Result<std::string> format_text(std::string_view pattern, const Value& arguments) {
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
      continue;
    }
    if (++i >= pattern.size()) return refuse("unexpected end of string");
    if (pattern[i] == '%') {
      out += '%';
      continue;
    }
    int precision = 6;
    if (pattern[i] == '.') {
      precision = 0;
      for (++i; i < pattern.size() && pattern[i] >= '0' && pattern[i] <= '9'; ++i) {
        precision = std::min(precision * 10 + (pattern[i] - '0'), kMaxPrecision + 1);
      }
      if (precision > kMaxPrecision) return refuse("precision exceeds maximum of 1000");
      if (i >= pattern.size()) return refuse("unexpected end of string");
    }
    if (next >= arguments.list_size()) return refuse(base::cat({"index ", std::to_string(next), " out of range"}));
    TRY(std::string text, clause_text(pattern[i], precision, arguments.list_at(next++)));
    out += text;
  }
  return out;
}

}  // namespace cel::library
