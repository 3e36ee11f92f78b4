// What the network interfaces of a process's network namespace have carried: /proc/<pid>/net/dev. Blocking, but short.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stats {

struct InterfaceUsage {
  std::string name;
  uint64_t received_bytes = 0, received_packets = 0, received_errors = 0, received_dropped = 0;
  uint64_t sent_bytes = 0, sent_packets = 0, sent_errors = 0, sent_dropped = 0;
};

// Without the loopback interface, in the kernel's order.
std::vector<InterfaceUsage> parse_interfaces(std::string_view net_dev);
// NotFound when the process has ended.
base::Result<std::vector<InterfaceUsage>> read_interfaces(int64_t process);

}  // namespace stats
