// A number or a text, as ports and percentages are written: 80, "http", "25%".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace schema {

struct IntOrString {
  enum class Kind : uint8_t { Int, String };

  IntOrString() = default;                                                      // the number 0
  IntOrString(int32_t number) : number(number) {}                               // NOLINT: converts as the API does
  IntOrString(std::string text) : kind(Kind::String), text(std::move(text)) {}  // NOLINT
  IntOrString(const char* text) : kind(Kind::String), text(text) {}             // NOLINT

  bool is_int() const { return kind == Kind::Int; }
  bool is_string() const { return kind == Kind::String; }
  // The text, or the number in decimal.
  std::string to_string() const { return is_int() ? std::to_string(number) : text; }

  Kind kind = Kind::Int;
  int32_t number = 0;
  std::string text;

  bool operator==(const IntOrString&) const = default;
};

}  // namespace schema
