#include "io/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "base/descriptor.h"

namespace io {
namespace {

// Empty for what others cannot reach.
std::string to_text(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const in6_addr& number = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (!IN6_IS_ADDR_LINKLOCAL(&number) && !IN6_IS_ADDR_LOOPBACK(&number))
      inet_ntop(AF_INET6, &number, text, sizeof text);
  }
  return text;
}

// Connecting a datagram socket sends nothing; the kernel picks the route to an address of the documentation, and with
// it our own.
std::string address_towards(const sockaddr* there, socklen_t there_size) {
  base::Descriptor probe(socket(there->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage here{};
  socklen_t size = sizeof here;
  if (!probe || connect(probe.get(), there, there_size) != 0) return "";
  if (getsockname(probe.get(), reinterpret_cast<sockaddr*>(&here), &size) != 0) return "";
  return to_text(reinterpret_cast<const sockaddr*>(&here));
}

std::string address_of_default_route() {
  sockaddr_in there{.sin_family = AF_INET, .sin_port = htons(9)};
  inet_pton(AF_INET, "192.0.2.1", &there.sin_addr);
  std::string own = address_towards(reinterpret_cast<const sockaddr*>(&there), sizeof there);
  if (!own.empty()) return own;
  sockaddr_in6 there6{.sin6_family = AF_INET6, .sin6_port = htons(9)};
  inet_pton(AF_INET6, "2001:db8::1", &there6.sin6_addr);
  return address_towards(reinterpret_cast<const sockaddr*>(&there6), sizeof there6);
}

std::string address_of_any_interface() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return "";
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  for (int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
      bool usable = one->ifa_addr != nullptr && one->ifa_addr->sa_family == family && (one->ifa_flags & IFF_UP) != 0 &&
                    (one->ifa_flags & IFF_LOOPBACK) == 0;
      if (!usable) continue;
      if (std::string own = to_text(one->ifa_addr); !own.empty()) return own;
    }
  }
  return "";
}

}  // namespace

std::string own_address() {
  std::string own = address_of_default_route();
  if (own.empty()) own = address_of_any_interface();
  return own.empty() ? "127.0.0.1" : own;
}

}  // namespace io
