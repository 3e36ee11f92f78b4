// Ranges of costs and sizes, and how they add up. Everything saturates.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "cel/program.h"

namespace cel {

inline uint64_t saturating_add(uint64_t a, uint64_t b) {
  uint64_t out;
  return __builtin_add_overflow(a, b, &out) ? UINT64_MAX : out;
}
inline uint64_t saturating_multiply(uint64_t a, uint64_t b) {
  uint64_t out;
  return __builtin_mul_overflow(a, b, &out) ? UINT64_MAX : out;
}
inline uint64_t saturating_scale(uint64_t a, double factor) {
  double out = std::ceil(static_cast<double>(a) * factor);
  return out >= 18446744073709551616.0 ? UINT64_MAX : static_cast<uint64_t>(out);
}

inline CostRange exactly(uint64_t cost) {
  return {cost, cost};
}
constexpr CostRange kUnknownSize{0, UINT64_MAX};

inline CostRange operator+(CostRange a, CostRange b) {
  return {saturating_add(a.min, b.min), saturating_add(a.max, b.max)};
}
inline CostRange operator*(CostRange a, CostRange b) {
  return {saturating_multiply(a.min, b.min), saturating_multiply(a.max, b.max)};
}
inline CostRange operator*(CostRange a, double factor) {
  return {saturating_scale(a.min, factor), saturating_scale(a.max, factor)};
}
// Either of the two.
inline CostRange operator|(CostRange a, CostRange b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

}  // namespace cel
