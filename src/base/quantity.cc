#include "base/quantity.h"

#include <cstdlib>

#include "base/strings.h"

namespace base {

namespace {

using Format = Quantity::Format;

constexpr int64_t kNanosPerUnit = 1'000'000'000;
constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int kNanoScale = -9;
// Far above 2^63 units, far below what 128 bits of billionths hold; so sums of two cannot wrap.
constexpr int kMaxIntegerDigits = 28;
constexpr __int128 kMaxUnits = INT64_MAX;

// The digits of a number small enough for 64 bits.
constexpr size_t kShortDigits = 18;

constexpr std::string_view kDecimalSuffixes = "num kMGTPE";  // 10^-9, 10^-6, ... 10^18
constexpr std::string_view kBinarySuffixes = "KMGTPE";       // 2^10, 2^20, ... 2^60

__int128 power_of_ten(int exponent) {
  __int128 power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

struct Suffix {
  Format format = Format::DecimalSI;
  int exponent = 0;  // of 10, or of 2 in BinarySI
};

std::optional<Suffix> parse_suffix(std::string_view text) {
  if (text.empty()) return Suffix{};
  if (text.size() == 1) {
    size_t at = kDecimalSuffixes.find(text[0]);
    if (at == kDecimalSuffixes.npos || text[0] == ' ') return std::nullopt;
    return Suffix{Format::DecimalSI, static_cast<int>(at) * 3 + kNanoScale};
  }
  if (text.size() == 2 && text[1] == 'i') {
    size_t at = kBinarySuffixes.find(text[0]);
    if (at == kBinarySuffixes.npos) return std::nullopt;
    return Suffix{Format::BinarySI, static_cast<int>(at + 1) * 10};
  }
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  auto exponent = parse_int(text.substr(1));
  if (!exponent) return std::nullopt;
  // Beyond these every digit is lost anyway, or the cap is reached.
  return Suffix{Format::DecimalExponent,
                static_cast<int>(std::min<int64_t>(std::max<int64_t>(*exponent, -1000), 1000))};
}

struct Parts {
  bool negative = false, plus = false, dot = false;
  size_t zeros = 0;           // before the number
  std::string_view whole;     // digits without leading zeros
  std::string_view fraction;  // digits
  std::string_view suffix;
};

size_t digits_at(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

// Cuts [+-] digits [. digits] suffix, where a suffix is letters, a sign and digits.
std::optional<Parts> cut(std::string_view text) {
  Parts parts;
  if (text.empty()) return std::nullopt;
  if (text[0] == '-' || text[0] == '+') {
    (text[0] == '-' ? parts.negative : parts.plus) = true;
    text.remove_prefix(1);
  }
  parts.zeros = std::min(text.find_first_not_of('0'), text.size());
  text.remove_prefix(parts.zeros);
  parts.whole = text.substr(0, digits_at(text));
  text.remove_prefix(parts.whole.size());
  if (!text.empty() && text[0] == '.') {
    parts.dot = true;
    text.remove_prefix(1);
    parts.fraction = text.substr(0, digits_at(text));
    text.remove_prefix(parts.fraction.size());
  }
  parts.suffix = text;
  text.remove_prefix(std::min(text.find_first_not_of("eEinumkKMGTP"), text.size()));
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  if (digits_at(text) != text.size()) return std::nullopt;
  return parts;
}

// The billionths of whole.fraction * 10^exponent * 2^shift, rounded up; the cap when it is too large.
__int128 scale(const Parts& parts, int exponent, int shift) {
  const __int128 cap = kMaxUnits * kNanosPerUnit;
  std::string digits(parts.whole);
  digits += parts.fraction;
  // The number is digits * 10^power billionths.
  int power = exponent - static_cast<int>(std::min<size_t>(parts.fraction.size(), 100000)) - kNanoScale;
  size_t first = digits.find_first_not_of('0');
  if (first == digits.npos) return 0;
  digits.erase(0, first);
  if (static_cast<int64_t>(digits.size()) + power + kNanoScale > kMaxIntegerDigits) return cap;
  // As many digits as 128 bits hold after a shift by up to 60; those left out only round up.
  const size_t kept = shift > 0 ? 19 : 37;
  bool more = false;
  if (digits.size() > kept) {
    more = digits.find_first_not_of('0', kept) != digits.npos;
    power += static_cast<int>(digits.size() - kept);
    digits.resize(kept);
  }
  __int128 value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  value <<= shift;
  if (power >= 0) {
    for (; power > 0; --power) {
      if (value > power_of_ten(kMaxIntegerDigits - kNanoScale)) return cap;
      value *= 10;
    }
  } else if (power < -38) {
    more = true;
    value = 0;
  } else {
    __int128 divisor = power_of_ten(-power);
    more = more || value % divisor != 0;
    value /= divisor;
  }
  return value + (more ? 1 : 0);
}

// How upstream decides that a number is small enough not to be capped at 2^63 - 1: its digits fit 18 places.
bool is_short(const Parts& parts, const Suffix& suffix) {
  return suffix.format != Format::BinarySI &&
         std::max<size_t>(parts.whole.size(), 1) + parts.fraction.size() <= kShortDigits &&
         suffix.exponent - static_cast<int>(parts.fraction.size()) >= kNanoScale;
}

// Whether upstream takes the number to be in canonical form as it stands, so that the text is kept.
bool is_kept(const Parts& parts, const Suffix& suffix) {
  if (parts.whole.empty()) return false;
  if (suffix.format == Format::BinarySI) {
    // As many decimal digits as upstream reckons to have room for beside the power of two.
    constexpr size_t kDigits = 14;
    if (!parts.fraction.empty() || parts.whole.size() + static_cast<size_t>(suffix.exponent) * 3 / 10 > kDigits) {
      return false;
    }
    auto value = parse_int(parts.whole);
    return value && *value % 8 != 0;
  }
  int scale = suffix.exponent - static_cast<int>(std::min<size_t>(parts.fraction.size(), kShortDigits));
  if (!is_short(parts, suffix) || scale % 3 != 0) return false;
  if (static_cast<int>(parts.whole.size()) + suffix.exponent > kMaxIntegerDigits) return false;
  std::string digits(parts.whole);
  digits += parts.fraction;
  return !digits.ends_with("000");
}

// Nothing is marked when the text is the canonical one, or not kept.
QuantitySpelling spelling_of(const Parts& parts, const Suffix& suffix) {
  using Mark = QuantitySpelling::Mark;
  constexpr size_t kMostZeros = UINT8_MAX;
  QuantitySpelling spelling;
  std::string_view exponent = suffix.format == Format::DecimalExponent ? parts.suffix : "";
  bool plain = !parts.plus && !parts.dot && parts.zeros == 0 &&
               (exponent.empty() || exponent == cat({"e", std::to_string(suffix.exponent)}));
  if ((plain && exponent != "e0") || !is_kept(parts, suffix)) return spelling;
  auto mark = [&](Mark mark, bool set) { spelling.marks |= set ? mark : 0; };
  mark(Mark::Plus, parts.plus);
  mark(Mark::Dot, parts.dot);
  if (!exponent.empty()) {
    mark(Mark::CapitalE, exponent[0] == 'E');
    exponent.remove_prefix(1);
    mark(Mark::ExponentPlus, exponent[0] == '+');
    mark(Mark::ExponentMinus, exponent[0] == '-');
    if (exponent[0] == '+' || exponent[0] == '-') exponent.remove_prefix(1);
  }
  // The last digit is one of the number, even when it is 0.
  size_t exponent_zeros = exponent.empty() ? 0 : std::min(exponent.find_first_not_of('0'), exponent.size() - 1);
  if (parts.zeros > kMostZeros || exponent_zeros > kMostZeros) return {};
  spelling.zeros = static_cast<uint8_t>(parts.zeros);
  spelling.exponent_zeros = static_cast<uint8_t>(exponent_zeros);
  spelling.fraction = static_cast<uint8_t>(parts.fraction.size());
  spelling.exponent = static_cast<int8_t>(suffix.exponent);
  mark(Mark::Kept, true);
  return spelling;
}

std::string print(__int128 value) {
  bool negative = value < 0;
  unsigned __int128 left = negative ? 0 - static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  char buffer[40];
  char* at = buffer + sizeof buffer;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(left % 10));
    left /= 10;
  } while (left != 0);
  if (negative) *--at = '-';
  return std::string(at, buffer + sizeof buffer);
}

int64_t clamp(__int128 value) {
  if (value > INT64_MAX) return INT64_MAX;
  if (value < INT64_MIN) return INT64_MIN;
  return static_cast<int64_t>(value);
}

__int128 divide_rounding_away(__int128 value, int64_t divisor) {
  __int128 quotient = value / divisor;
  if (value % divisor != 0) quotient += value < 0 ? -1 : 1;
  return quotient;
}

__int128 add_saturating(__int128 a, __int128 b) {
  constexpr __int128 kMost = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);
  __int128 sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? -kMost : kMost;
}

}  // namespace

Quantity::Quantity(__int128 nanos, Format format)
    : high_(static_cast<int64_t>(nanos >> 64)), low_(static_cast<uint64_t>(nanos)), format_(format) {}

__int128 Quantity::nanos() const {
  return static_cast<__int128>(static_cast<unsigned __int128>(static_cast<uint64_t>(high_)) << 64 | low_);
}

Quantity Quantity::of(int64_t value, Format format) {
  return {static_cast<__int128>(value) * kNanosPerUnit, format};
}
Quantity Quantity::of_milli(int64_t value, Format format) {
  return {static_cast<__int128>(value) * kNanosPerMilli, format};
}
Quantity Quantity::of_nano(int64_t value, Format format) {
  return {value, format};
}

Result<Quantity> Quantity::parse(std::string_view text) {
  auto parts = cut(text);
  if (!parts) {
    return fail(Code::BadRequest,
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  auto suffix = parse_suffix(parts->suffix);
  if (!suffix) return fail(Code::BadRequest, "unable to parse quantity's suffix");
  bool binary = suffix->format == Format::BinarySI;
  __int128 nanos = scale(*parts, binary ? 0 : suffix->exponent, binary ? suffix->exponent : 0);
  if (nanos > kMaxUnits * kNanosPerUnit && !is_short(*parts, *suffix)) nanos = kMaxUnits * kNanosPerUnit;
  Quantity quantity(parts->negative ? -nanos : nanos, suffix->format);
  quantity.spelling_ = spelling_of(*parts, *suffix);
  return quantity;
}

std::string Quantity::spelled() const {
  using Mark = QuantitySpelling::Mark;
  __int128 digits = nanos() < 0 ? -nanos() : nanos();
  bool binary = format_ == Format::BinarySI;
  int power = (binary ? 0 : spelling_.exponent) - spelling_.fraction - kNanoScale;
  digits /= power_of_ten(power);
  if (binary) digits >>= spelling_.exponent;
  std::string number = print(digits);
  if (spelling_.has(Mark::Dot)) number.insert(number.size() - spelling_.fraction, ".");
  std::string out = nanos() < 0 ? "-" : spelling_.has(Mark::Plus) ? "+" : "";
  out.append(spelling_.zeros, '0') += number;
  if (binary) return out + kBinarySuffixes[static_cast<size_t>(spelling_.exponent / 10 - 1)] + 'i';
  if (format_ == Format::DecimalSI) {
    return spelling_.exponent == 0 ? out
                                   : out + kDecimalSuffixes[static_cast<size_t>((spelling_.exponent - kNanoScale) / 3)];
  }
  out += spelling_.has(Mark::CapitalE) ? 'E' : 'e';
  if (spelling_.has(Mark::ExponentPlus)) out += '+';
  if (spelling_.has(Mark::ExponentMinus)) out += '-';
  return out.append(spelling_.exponent_zeros, '0') + std::to_string(std::abs(spelling_.exponent));
}

std::string Quantity::to_string() const {
  if (spelling_.has(QuantitySpelling::Kept)) return spelled();
  __int128 left = nanos();
  if (left == 0) return "0";
  constexpr __int128 kKibi = 1024;
  bool binary = format_ == Format::BinarySI && left % kNanosPerUnit == 0 &&
                (left <= -kKibi * kNanosPerUnit || left >= kKibi * kNanosPerUnit);
  if (binary) {
    left /= kNanosPerUnit;
    size_t factor = 0;
    for (; left % kKibi == 0 && factor < kBinarySuffixes.size(); ++factor) left /= kKibi;
    std::string out = print(left);
    if (factor > 0) out += {kBinarySuffixes[factor - 1], 'i'};
    return out;
  }
  int exponent = kNanoScale;
  while (left % 1000 == 0 && (format_ == Format::DecimalExponent || exponent < 18)) {
    left /= 1000;
    exponent += 3;
  }
  std::string out = print(left);
  if (exponent == 0) return out;
  if (format_ == Format::DecimalExponent) return out + 'e' + std::to_string(exponent);
  return out + kDecimalSuffixes[static_cast<size_t>((exponent - kNanoScale) / 3)];
}

int64_t Quantity::value() const {
  return clamp(divide_rounding_away(nanos(), kNanosPerUnit));
}
int64_t Quantity::milli_value() const {
  return clamp(divide_rounding_away(nanos(), kNanosPerMilli));
}

std::optional<int64_t> Quantity::as_int64() const {
  __int128 units = nanos() / kNanosPerUnit;
  if (nanos() % kNanosPerUnit != 0 || units > INT64_MAX || units < INT64_MIN) return std::nullopt;
  return static_cast<int64_t>(units);
}

double Quantity::to_double() const {
  return static_cast<double>(nanos()) / static_cast<double>(kNanosPerUnit);
}

Quantity& Quantity::operator+=(const Quantity& other) {
  return *this = Quantity(add_saturating(nanos(), other.nanos()), is_zero() ? other.format_ : format_);
}
Quantity& Quantity::operator-=(const Quantity& other) {
  return *this += -other;
}
Quantity Quantity::operator-() const {
  return {-nanos(), format_};
}

Quantity Quantity::rounded_up(int64_t unit_nanos) const {
  if (nanos() % unit_nanos == 0) return *this;
  return {divide_rounding_away(nanos(), unit_nanos) * unit_nanos, format_};
}
Quantity Quantity::rounded_up_to_milli() const {
  return rounded_up(kNanosPerMilli);
}
Quantity Quantity::rounded_up_to_whole() const {
  return rounded_up(kNanosPerUnit);
}

}  // namespace base
