#include "store/attributes.h"

namespace store {
namespace {

constexpr unsigned kBits = 7;
constexpr size_t kMore = 1 << kBits;

void append(std::string& out, std::string_view text) {
  size_t length = text.size();
  for (; length >= kMore; length >>= kBits) out += static_cast<char>(length | kMore);
  out += static_cast<char>(length);
  out += text;
}

// Takes one text off the front.
std::string_view take(std::string_view& rest) {
  size_t length = 0;
  for (unsigned shift = 0;; shift += kBits) {
    auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    length |= (byte & (kMore - 1)) << shift;
    if (byte < kMore) break;
  }
  std::string_view text = rest.substr(0, length);
  rest.remove_prefix(length);
  return text;
}

}  // namespace

void Pairs::add(std::string_view name, std::string_view value) {
  append(packed_, name);
  append(packed_, value);
}

std::optional<std::string_view> Pairs::find(std::string_view wanted) const {
  for (std::string_view rest = packed_; !rest.empty();) {
    std::string_view name = take(rest);
    std::string_view value = take(rest);
    if (name == wanted) return value;
  }
  return std::nullopt;
}

size_t Pairs::size() const {
  size_t texts = 0;
  for (std::string_view rest = packed_; !rest.empty(); ++texts) take(rest);
  return texts / 2;
}

}  // namespace store
