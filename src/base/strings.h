// Small things done to text. All views; nothing here allocates unless it returns a string.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

// The pieces joined in one allocation: cat({"pods ", name, " not found"}).
std::string cat(std::initializer_list<std::string_view> pieces);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
std::vector<std::string_view> split(std::string_view text, char separator);  // "a,,b" gives "a", "", "b"; "" gives ""
std::string_view trim(std::string_view text);                                // ASCII white space at both ends
std::string to_lower(std::string_view text);                                 // ASCII
bool equals_ignoring_case(std::string_view a, std::string_view b);           // ASCII

// The whole text as a decimal number in range; nothing otherwise.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<uint64_t> parse_uint(std::string_view text);

std::string quote(std::string_view text);  // as Go's %q

std::string base64_encode(std::string_view bytes);            // standard alphabet, padded
Result<std::string> base64_decode(std::string_view text);     // strict; new lines are skipped as Go does
std::string base64url_encode(std::string_view bytes);         // URL alphabet, no padding (JWT)
Result<std::string> base64url_decode(std::string_view text);  // the same; refused unless unused bits are zero
std::string hex_encode(std::string_view bytes);               // lower case

// Percent escapes of URLs. `plus_is_space` for query strings.
Result<std::string> url_decode(std::string_view text, bool plus_is_space = false);
std::string url_encode(std::string_view text);  // everything but unreserved characters

bool is_valid_utf8(std::string_view text);
std::string to_valid_utf8(std::string_view text);  // each byte that is none becomes U+FFFD

}  // namespace base
