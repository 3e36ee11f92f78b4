#include "cel/scalar.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace cel {

std::string text_of_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  // The least digits that give the number back, and Go's choice between plain and scientific.
  std::array<char, 40> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string_view scientific(buffer.data(), end - buffer.data());
  size_t e = scientific.find('e');
  int exponent = std::atoi(std::string(scientific.substr(e + 1)).c_str());
  if (exponent < -4 || exponent >= 6) return std::string(scientific);
  std::array<char, 400> plain;
  end = std::to_chars(plain.data(), plain.data() + plain.size(), value, std::chars_format::fixed).ptr;
  return std::string(plain.data(), end);
}

std::string text_of_timestamp(base::Time time) {
  std::string text = base::format_rfc3339({time.seconds, 0});
  if (time.nanos == 0) return text;
  std::string fraction = std::to_string(time.nanos);
  fraction.insert(0, 9 - fraction.size(), '0');
  while (fraction.back() == '0') fraction.pop_back();
  text.insert(text.size() - 1, "." + fraction);
  return text;
}

std::string text_of_duration(int64_t ns) {
  // As upstream: the seconds as a number.
  std::array<char, 64> buffer;
  double seconds = static_cast<double>(ns / 1'000'000'000) + static_cast<double>(ns % 1'000'000'000) / 1e9;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), seconds, std::chars_format::fixed).ptr;
  return std::string(buffer.data(), end) + "s";
}

std::optional<base::Time> read_timestamp(std::string_view text) {
  auto time = base::parse_rfc3339(text);
  if (!time || time->seconds < kMinTimestamp || time->seconds > kMaxTimestamp) return std::nullopt;
  return *time;
}

std::optional<int64_t> read_duration(std::string_view text) {
  auto ns = base::parse_duration(text);
  if (!ns) return std::nullopt;
  return *ns;
}

std::optional<double> read_double(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  std::string word = base::to_lower(digits);
  if (word == "inf" || word == "infinity") return negative ? -INFINITY : INFINITY;
  if (word == "nan") return digits.size() == text.size() ? std::optional<double>(NAN) : std::nullopt;
  if (digits.empty() || !(std::isdigit(static_cast<unsigned char>(digits[0])) || digits[0] == '.')) return std::nullopt;
  double value = 0;
  auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return negative ? -value : value;
}

Value value_of_text(std::string_view text, const Declaration& declaration) {
  switch (declaration.type->kind) {
    case Kind::Duration: {
      if (auto ns = read_duration(text)) return Value::of_duration(*ns);
      return Value::error(base::cat({"Invalid duration ", text}));
    }
    case Kind::Timestamp: {
      std::string whole(text);
      if (declaration.date_only) whole += "T00:00:00Z";
      if (auto time = read_timestamp(whole)) return Value::of_timestamp(*time);
      return Value::error(base::cat(
          {declaration.date_only ? "Invalid date formatted string " : "Invalid date-time formatted string ", text}));
    }
    case Kind::Bytes: {
      if (auto bytes = base::base64_decode(text)) return Value::of_bytes(std::move(*bytes));
      return Value::error(base::cat({"Invalid byte formatted string ", text}));
    }
    default:
      return Value::string_view(text);
  }
}

std::string go_type_name(const schema::Value& tree) {
  switch (tree.kind()) {
    case schema::Value::Kind::Null:
      return "<nil>";
    case schema::Value::Kind::Bool:
      return "bool";
    case schema::Value::Kind::Int:
      return "int64";
    case schema::Value::Kind::Double:
      return "float64";
    case schema::Value::Kind::String:
      return "string";
    case schema::Value::Kind::Array:
      return "[]interface {}";
    case schema::Value::Kind::Object:
      return "map[string]interface {}";
  }
  return "";
}

}  // namespace cel
