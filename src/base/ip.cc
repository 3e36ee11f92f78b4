#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace base {

namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<uint32_t> parse_v4(std::string_view text) {
  uint32_t value = 0;
  auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  for (std::string_view part : parts) {
    if (part.empty() || part.find_first_not_of("0123456789") != part.npos) return std::nullopt;
    auto number = parse_uint(part);
    if (!number || *number > 255) return std::nullopt;
    value = value << 8 | static_cast<uint32_t>(*number);
  }
  return value;
}

}  // namespace

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress address;
  std::ranges::copy(kMapped, address.bytes_.begin());
  for (int i = 0; i < 4; ++i)
    address.bytes_[static_cast<size_t>(12 + i)] = static_cast<uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

IpAddress IpAddress::v6(const std::array<uint8_t, 16>& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == text.npos) {
    auto value = parse_v4(text);
    if (!value) return std::nullopt;
    return v4(*value);
  }
  constexpr size_t kLongest = 45;
  if (text.size() > kLongest) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET6, std::string(text).c_str(), address.bytes_.data()) != 1) return std::nullopt;
  return address;
}

bool IpAddress::is_v4() const {
  return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin());
}

uint32_t IpAddress::v4_value() const {
  return static_cast<uint32_t>(bytes_[12]) << 24 | static_cast<uint32_t>(bytes_[13]) << 16 |
         static_cast<uint32_t>(bytes_[14]) << 8 | bytes_[15];
}

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + 12, buffer, sizeof buffer);
    return buffer;
  }
  // By hand: the C library writes ::a.b.c.d for addresses that Go and RFC 5952 write in hexadecimal.
  uint16_t groups[8];
  for (size_t i = 0; i < 8; ++i) groups[i] = static_cast<uint16_t>(bytes_[2 * i] << 8 | bytes_[2 * i + 1]);
  size_t best = 8;
  size_t best_length = 1;  // a lone zero group is not shortened
  for (size_t i = 0; i < 8;) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
    i = end + 1;
  }
  std::string out;
  for (size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    std::string hex = hex_encode({reinterpret_cast<const char*>(bytes_.data()) + 2 * i, 2});
    size_t first = std::min(hex.find_first_not_of('0'), hex.size() - 1);
    out += hex.substr(first);
  }
  return out;
}

bool IpAddress::is_unspecified() const {
  return is_v4() ? v4_value() == 0 : *this == IpAddress();
}
bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[12] == 127;
  return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t byte) { return byte == 0; });
}
bool IpAddress::is_link_local_unicast() const {
  if (is_v4()) return bytes_[12] == 169 && bytes_[13] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}
bool IpAddress::is_link_local_multicast() const {
  if (is_v4()) return bytes_[12] == 224 && bytes_[13] == 0 && bytes_[14] == 0;
  return bytes_[0] == 0xff && (bytes_[1] & 0x0f) == 0x02;
}
bool IpAddress::is_multicast() const {
  return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

IpAddress IpAddress::plus(uint64_t offset) const {
  IpAddress sum = *this;
  size_t first = is_v4() ? 12 : 0;
  uint64_t carry = 0;
  for (size_t i = 16; i-- > first;) {
    uint64_t total = sum.bytes_[i] + (offset & 0xff) + carry;
    sum.bytes_[i] = static_cast<uint8_t>(total);
    carry = total >> 8;
    offset >>= 8;
  }
  return sum;
}

IpNetwork::IpNetwork(IpAddress address, int prefix_length) : prefix_length_(prefix_length) {
  std::array<uint8_t, 16> bytes = address.bytes();
  size_t kept = static_cast<size_t>(prefix_length + (address.is_v4() ? 96 : 0));
  for (size_t bit = kept; bit < 128; ++bit) bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  address_ = IpAddress::v6(bytes);
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  auto address = IpAddress::parse(text.substr(0, slash));
  std::string_view bits = text.substr(slash + 1);
  if (!address || bits.empty() || bits.size() > 3 || bits.find_first_not_of("0123456789") != bits.npos)
    return std::nullopt;
  auto length = parse_uint(bits);
  bool mapped = address->is_v4() && text.find(':') != text.npos;
  if (mapped && *length >= 96) *length -= 96;
  if (*length > (address->is_v4() ? 32u : 128u)) return std::nullopt;
  return IpNetwork(*address, static_cast<int>(*length));
}

bool IpNetwork::contains(const IpAddress& address) const {
  return address.is_v4() == is_v4() && IpNetwork(address, prefix_length_).address_ == address_;
}

bool IpNetwork::overlaps(const IpNetwork& other) const {
  return contains(other.address_) || other.contains(address_);
}

std::string IpNetwork::to_string() const {
  return cat({address_.to_string(), "/", std::to_string(prefix_length_)});
}

}  // namespace base
