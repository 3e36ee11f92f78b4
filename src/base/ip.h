// IP addresses and networks as values: parsed, compared, printed in canonical form (RFC 5952).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

class IpAddress {
 public:
  IpAddress() = default;  // ::
  // "10.0.0.1", "fd00::1". As upstream, decimal parts may have leading zeros, and IPv4 inside IPv6 ("::ffff:10.0.0.1")
  // is IPv4; zones are refused.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(uint32_t host_order);
  static IpAddress v6(const std::array<uint8_t, 16>& bytes);  // an IPv4 one when mapped

  bool is_v4() const;
  bool is_v6() const { return !is_v4(); }
  // 16 bytes; IPv4 mapped (::ffff:a.b.c.d).
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  uint32_t v4_value() const;  // host order; of an IPv4 address
  std::string to_string() const;

  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_link_local_unicast() const;
  bool is_link_local_multicast() const;
  bool is_multicast() const;
  // The address `offset` further; wraps at the end of the family.
  IpAddress plus(uint64_t offset) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};

class IpNetwork {
 public:
  IpNetwork() = default;
  IpNetwork(IpAddress address, int prefix_length);  // bits beyond the prefix are cleared
  // "10.0.0.0/24"; bits beyond the prefix are cleared.
  static std::optional<IpNetwork> parse(std::string_view text);

  const IpAddress& address() const { return address_; }  // the first
  int prefix_length() const { return prefix_length_; }   // in the family's own bits
  bool is_v4() const { return address_.is_v4(); }
  bool contains(const IpAddress& address) const;
  bool overlaps(const IpNetwork& other) const;
  std::string to_string() const;

  auto operator<=>(const IpNetwork&) const = default;

 private:
  IpAddress address_;
  int prefix_length_ = 0;
};

}  // namespace base
