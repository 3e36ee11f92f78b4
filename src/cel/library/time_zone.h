// Offsets of time zones: "UTC", "+05:30", and names of the system's database.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cel::library {

// Seconds east of UTC at that moment; nothing when the zone is not known.
std::optional<int64_t> zone_offset(std::string_view zone, int64_t unix_seconds);

}  // namespace cel::library
