// An amount of a resource as the API writes it: "500m", "1536Mi", "1e3". A value of 24 bytes; copy it freely.
//
// The number is exact to one billionth (10^-9); what is finer is rounded up when parsed, away from zero, and magnitudes
// are capped near 2^63. The suffix family a quantity was written in is remembered and used again when it is printed, in
// canonical form: no fraction, the largest suffix that loses nothing ("1000m" is "1", "0.5" is "500m", "1024Ki" is
// "1Mi"). What upstream takes to be in that form already is printed as it was written ("+1", "12E6", "1.250"), until
// the amount is worked with. Source of the rules: the API documentation of Quantity, and what servers answer.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// In what the text of a quantity departs from the canonical one; of use to Quantity only, in which it takes no room
// beside what alignment leaves.
struct QuantitySpelling {
  enum Mark : uint8_t {
    Kept = 1,  // else all of this says nothing
    Plus = 2,  // before the number
    Dot = 4,   // behind its whole part, even when no digits follow
    CapitalE = 8,
    ExponentPlus = 16,
    ExponentMinus = 32,
  };
  uint8_t marks = 0;
  uint8_t zeros = 0;           // before the number
  uint8_t fraction = 0;        // digits behind the dot
  uint8_t exponent_zeros = 0;  // before the exponent
  int8_t exponent = 0;         // of 10; in BinarySI of 2

  bool has(Mark mark) const { return (marks & mark) != 0; }
  bool operator==(const QuantitySpelling&) const = default;
};

class Quantity {
 public:
  enum class Format : uint8_t { DecimalSI, BinarySI, DecimalExponent };

  Quantity() = default;  // "0"
  static Quantity of(int64_t value, Format format = Format::DecimalSI);
  static Quantity of_milli(int64_t value, Format format = Format::DecimalSI);
  static Quantity of_nano(int64_t value, Format format = Format::DecimalSI);
  // BadRequest, in upstream's words, when `text` is no quantity.
  static Result<Quantity> parse(std::string_view text);
  // The most a quantity is let to be: 2^63 - 1.
  static Quantity max() { return of(INT64_MAX); }

  std::string to_string() const;
  // Whether both are of one amount and printed alike.
  bool same_text(const Quantity& other) const {
    if (*this != other) return false;
    return (format_ == other.format_ && spelling_ == other.spelling_) || to_string() == other.to_string();
  }
  Format format() const { return format_; }

  // Rounded up (away from zero), capped to 64 bits.
  int64_t value() const;
  int64_t milli_value() const;
  std::optional<int64_t> as_int64() const;  // only when whole and in range
  double to_double() const;

  bool is_zero() const { return high_ == 0 && low_ == 0; }
  int sign() const { return high_ < 0 ? -1 : is_zero() ? 0 : 1; }

  // Sums keep the left side's format, unless it is zero. They stop at the edge of the range instead of wrapping.
  Quantity& operator+=(const Quantity& other);
  Quantity& operator-=(const Quantity& other);
  friend Quantity operator+(Quantity a, const Quantity& b) { return a += b; }
  friend Quantity operator-(Quantity a, const Quantity& b) { return a -= b; }
  Quantity operator-() const;
  // Nothing finer than a thousandth, as the write path stores resource lists; rounds away from zero. What needs no
  // rounding keeps its spelling.
  Quantity rounded_up_to_milli() const;
  Quantity rounded_up_to_whole() const;

  // By amount alone: "1Ki" equals "1024".
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.high_ == b.high_ && a.low_ == b.low_; }
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    if (a.high_ != b.high_) return a.high_ <=> b.high_;
    return a.low_ <=> b.low_;
  }

 private:
  Quantity(__int128 nanos, Format format);
  __int128 nanos() const;
  Quantity rounded_up(int64_t unit_nanos) const;
  std::string spelled() const;

  // The number of billionths, in two halves because a 128 bit integer would be aligned to 16 bytes.
  int64_t high_ = 0;
  uint64_t low_ = 0;
  Format format_ = Format::DecimalSI;
  QuantitySpelling spelling_;
};

}  // namespace base
