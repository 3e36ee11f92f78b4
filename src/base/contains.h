// std::ranges::contains, which our standard library does not have yet.
#pragma once

#include <algorithm>
#include <functional>
#include <ranges>

namespace base {

// Whether one of `values` is `value`, or looks so through `projection`.
template <class Range, class Value, class Projection = std::identity>
bool contains(const Range& values, const Value& value, Projection projection = {}) {
  return std::ranges::find(values, value, projection) != std::ranges::end(values);
}

}  // namespace base
