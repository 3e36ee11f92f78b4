#include "main/machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "base/strings.h"

namespace navarch {
namespace {

std::string to_text(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return text;
}

// Connecting a datagram socket sends nothing; the kernel picks the route, and with it our own address.
std::string address_of_default_route() {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in somewhere{};
  somewhere.sin_family = AF_INET;
  somewhere.sin_port = htons(9);
  inet_pton(AF_INET, "192.0.2.1", &somewhere.sin_addr);
  sockaddr_in ours{};
  socklen_t size = sizeof ours;
  bool known = connect(fd, reinterpret_cast<sockaddr*>(&somewhere), sizeof somewhere) == 0 &&
               getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &size) == 0;
  close(fd);
  return known ? to_text(ours) : "";
}

std::string any_address() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return "";
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  for (ifaddrs* one = first; one; one = one->ifa_next) {
    bool usable = one->ifa_addr && one->ifa_addr->sa_family == AF_INET && (one->ifa_flags & IFF_UP) &&
                  !(one->ifa_flags & IFF_LOOPBACK);
    if (usable) return to_text(*reinterpret_cast<sockaddr_in*>(one->ifa_addr));
  }
  return "";
}

}  // namespace

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return base::to_lower(name);
}

std::string default_address() {
  auto address = address_of_default_route();
  if (address.empty()) address = any_address();
  return address.empty() ? "127.0.0.1" : address;
}

int processor_count() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set);
}

}  // namespace navarch
