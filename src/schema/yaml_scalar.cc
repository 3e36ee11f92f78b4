#include "schema/yaml_scalar.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "base/time.h"

namespace schema {

namespace {

using Tag = ResolvedScalar::Tag;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

std::optional<ResolvedScalar> resolve_word(std::string_view text) {
  if (is_one_of(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
    return ResolvedScalar{Tag::Bool, true};
  }
  if (is_one_of(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    return ResolvedScalar{Tag::Bool, false};
  }
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return ResolvedScalar{Tag::Null, {}};
  if (text == "<<") return ResolvedScalar{Tag::Merge, text};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) {
    return ResolvedScalar{Tag::Float, std::numeric_limits<double>::quiet_NaN()};
  }
  if (is_one_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"}))
    return ResolvedScalar{Tag::Float, kInfinity};
  if (is_one_of(text, {"-.inf", "-.Inf", "-.INF"})) return ResolvedScalar{Tag::Float, -kInfinity};
  return std::nullopt;
}

// [+-] then 0x, 0o, 0b or a leading zero for octal. A number above 2^63 is a double.
std::optional<Value> parse_integer(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  uint64_t magnitude = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  constexpr uint64_t kEdge = uint64_t{1} << 63;
  if (negative && magnitude <= kEdge) return Value(static_cast<int64_t>(0 - magnitude));
  if (negative) return std::nullopt;
  if (magnitude >= kEdge) return Value(static_cast<double>(magnitude));
  return Value(static_cast<int64_t>(magnitude));
}

// [+-] digits with at most one point, and an exponent.
std::optional<Value> parse_float(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  auto digits = [&] {
    size_t count = 0;
    for (; !rest.empty() && is_digit(rest[0]); ++count) rest.remove_prefix(1);
    return count;
  };
  size_t whole = digits();
  size_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = digits();
  }
  if (whole + fraction == 0) return std::nullopt;
  if (!rest.empty() && (rest[0] == 'e' || rest[0] == 'E')) {
    rest.remove_prefix(1);
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
    if (digits() == 0) return std::nullopt;
  }
  if (!rest.empty()) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  double value = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return Value(value);
}

// "2006-1-2", "2006-1-2T15:4:5.9Z", "2006-1-2 15:4:5".
bool is_timestamp(std::string_view text) {
  auto number = [&](size_t most) {
    size_t count = 0;
    while (count < most && count < text.size() && is_digit(text[count])) ++count;
    std::string digits(text.substr(0, count));
    text.remove_prefix(count);
    return digits.size() == 1 ? "0" + digits : digits;
  };
  auto skip = [&](char c) {
    bool there = text.starts_with(c);
    if (there) text.remove_prefix(1);
    return there;
  };
  std::string year = number(4);
  if (year.size() != 4 || !skip('-')) return false;
  std::string month = number(2);
  if (!skip('-')) return false;
  std::string date = base::cat({year, "-", month, "-", number(2)});
  if (text.empty()) return base::parse_rfc3339(date + "T00:00:00Z").has_value();
  bool zoned = skip('T') || skip('t');
  if (!zoned && !skip(' ')) return false;
  std::string hour = number(2);
  if (!skip(':')) return false;
  std::string minute = number(2);
  if (!skip(':')) return false;
  std::string second = number(2);
  return base::parse_rfc3339(base::cat({date, "T", hour, ":", minute, ":", second, text, zoned ? "" : "Z"}))
      .has_value();
}

std::string_view name(Tag tag) {
  static constexpr std::string_view kNames[] = {"!!null", "!!bool",      "!!int",  "!!float",
                                                "!!str",  "!!timestamp", "!!merge"};
  return kNames[static_cast<size_t>(tag)];
}

}  // namespace

ResolvedScalar resolve_scalar(std::string_view text) {
  if (auto word = resolve_word(text)) return *std::move(word);
  ResolvedScalar plain{Tag::String, text};
  char first = text[0];
  if (first == '.') {
    if (auto value = parse_float(text)) return {Tag::Float, *std::move(value)};
    return plain;
  }
  if (!is_digit(first) && first != '+' && first != '-') return plain;
  if (is_timestamp(text)) return {Tag::Timestamp, text};
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  if (auto value = parse_integer(digits)) return {Tag::Int, *std::move(value)};
  if (auto value = parse_float(digits)) return {Tag::Float, *std::move(value)};
  return plain;
}

base::Result<Value> resolve_tagged_scalar(std::string_view tag, std::string_view text) {
  constexpr std::string_view kLong = "tag:yaml.org,2002:";
  std::string wanted = tag.starts_with(kLong) ? base::cat({"!!", tag.substr(kLong.size())}) : std::string(tag);
  if (wanted == "!!str") return Value(text);
  if (wanted == "!!binary") {
    auto bytes = base::base64_decode(text);
    if (!bytes) return base::fail(base::Code::BadRequest, "yaml: !!binary value contains invalid base64 data");
    return Value(base::to_valid_utf8(*bytes));  // a tree holds text, as JSON does
  }
  if (!is_one_of(wanted, {"!!null", "!!bool", "!!int", "!!float", "!!timestamp"})) return Value(text);
  ResolvedScalar resolved = resolve_scalar(text);
  if (name(resolved.tag) == wanted) return resolved.value;
  if (wanted == "!!float" && resolved.tag == Tag::Int) return Value(resolved.value.as_double());
  return base::fail(base::Code::BadRequest,
                    base::cat({"yaml: cannot decode ", name(resolved.tag), " `", text, "` as a ", wanted}));
}

bool is_base60(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text[0])) return false;
  size_t colon = text.find(':');
  if (colon == text.npos || text.substr(0, colon).find_first_not_of("0123456789_") != text.npos) return false;
  while (text.size() > colon && text[colon] == ':') {
    text.remove_prefix(colon + 1);
    size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    if (count == 0 || count > 2 || (count == 2 && text[0] > '5')) return false;
    colon = count;
  }
  text.remove_prefix(colon);
  return text.empty() || (text[0] == '.' && text.find_first_not_of("0123456789_", 1) == text.npos);
}

}  // namespace schema
