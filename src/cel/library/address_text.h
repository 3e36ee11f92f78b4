// Addresses and networks read as strictly as Go's net/netip does, in its words.
#pragma once

#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace cel::library {

struct Network {
  base::IpAddress address;  // host bits as written
  int prefix_length = 0;

  base::IpNetwork masked() const { return base::IpNetwork(address, prefix_length); }
  bool operator==(const Network&) const = default;
};

base::Result<base::IpAddress> parse_address(std::string_view text);
base::Result<Network> parse_network(std::string_view text);

}  // namespace cel::library
