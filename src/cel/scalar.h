// Scalars and their texts: how numbers, times and spans are read and written by the language.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "cel/declaration.h"
#include "cel/value.h"

namespace cel {

// From year 1 to 9999, as the language allows.
constexpr int64_t kMinTimestamp = -62135596800;
constexpr int64_t kMaxTimestamp = 253402300799;

std::string text_of_double(double value);                         // as Go's %g with the least digits
std::string text_of_timestamp(base::Time time);                   // RFC 3339 in UTC, fraction as needed
std::string text_of_duration(int64_t ns);                         // seconds: "3600s", "0.5s"
std::optional<base::Time> read_timestamp(std::string_view text);  // RFC 3339, in range
std::optional<int64_t> read_duration(std::string_view text);      // Go's form: "1h30m"
std::optional<double> read_double(std::string_view text);

// The value of a string in a tree whose declaration says string, bytes, timestamp or duration.
Value value_of_text(std::string_view text, const Declaration& declaration);
// What Go calls the type of a decoded JSON value: "string", "float64", "map[string]interface {}".
std::string go_type_name(const schema::Value& tree);

}  // namespace cel
