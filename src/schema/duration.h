// A span of time; "1m30s" in JSON. base::format_duration and base::parse_duration know the text.
#pragma once

#include <compare>
#include <cstdint>

namespace schema {

struct Duration {
  int64_t ns = 0;

  auto operator<=>(const Duration&) const = default;
};

}  // namespace schema
