// Literals, as the lexer found them, read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cel {

// Nothing when out of range.
std::optional<int64_t> read_int_literal(std::string_view digits);    // "-12", "0x1f", "-0x1f"
std::optional<uint64_t> read_uint_literal(std::string_view digits);  // "12u", "0x1fU"
std::optional<double> read_double_literal(const std::string& digits);

// The content of a string or bytes literal, quotes and escapes undone. The lexer has checked its form; nothing when an
// escape is no character.
std::optional<std::string> unquote(std::string_view literal, bool bytes);

}  // namespace cel
