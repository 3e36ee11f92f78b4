#include "cel/literal.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "cel/source.h"

namespace cel {
namespace {

int hex_value(char c) {
  return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

template <class Number>
std::optional<Number> read_number(std::string_view digits, int radix) {
  Number value = 0;
  const char* end = digits.data() + digits.size();
  auto read = std::from_chars(digits.data(), end, value, radix);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> read_int_literal(std::string_view digits) {
  std::string_view magnitude = digits.substr(digits.starts_with('-') ? 1 : 0);
  if (!magnitude.starts_with("0x")) return read_number<int64_t>(digits, 10);
  std::string plain(digits.substr(0, digits.size() - magnitude.size()));
  return read_number<int64_t>(plain.append(magnitude.substr(2)), 16);
}

std::optional<uint64_t> read_uint_literal(std::string_view digits) {
  digits.remove_suffix(1);
  if (digits.starts_with("0x")) return read_number<uint64_t>(digits.substr(2), 16);
  return read_number<uint64_t>(digits, 10);
}

std::optional<double> read_double_literal(const std::string& digits) {
  double value = std::strtod(digits.c_str(), nullptr);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::string> unquote(std::string_view literal, bool bytes) {
  bool raw = literal[0] == 'r' || literal[0] == 'R';
  if (raw) literal.remove_prefix(1);
  bool long_form = literal.size() >= 6 && literal[0] == literal[1] && literal[1] == literal[2];
  size_t quotes = long_form ? 3 : 1;
  literal = literal.substr(quotes, literal.size() - 2 * quotes);
  std::string out;
  for (size_t i = 0; i < literal.size(); ++i) {
    char c = literal[i];
    if (c == '\r' && long_form) {
      // Line ends are one character.
      out += '\n';
      if (i + 1 < literal.size() && literal[i + 1] == '\n') ++i;
      continue;
    }
    if (c != '\\' || raw || i + 1 >= literal.size()) {
      out += c;
      continue;
    }
    c = literal[++i];
    constexpr std::string_view kFrom = "abfnrtv";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v";
    if (size_t at = kFrom.find(c); at != std::string_view::npos) {
      out += kTo[at];
      continue;
    }
    size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    bool octal = c >= '0' && c <= '3';
    if (digits == 0 && !octal) {
      out += c;
      continue;
    }
    if ((c == 'u' || c == 'U') && bytes) return std::nullopt;
    uint32_t value = octal ? c - '0' : 0;
    for (size_t k = 0; k < (octal ? 2 : digits) && i + 1 < literal.size(); ++k)
      value = value * (octal ? 8 : 16) + hex_value(literal[++i]);
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return std::nullopt;
    if (bytes) {
      out += static_cast<char>(value);
    } else {
      append_utf8(out, value);
    }
  }
  return out;
}

}  // namespace cel
