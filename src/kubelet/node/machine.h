// What this machine has and is, read from /proc, /sys and /etc. Blocking, short.
#pragma once

#include <cstdint>
#include <string>

#include "api/core_v1.h"

namespace kubelet {

struct Machine {
  int64_t processors = 1;
  int64_t memory_bytes = 0;
  int64_t swap_bytes = 0;
  int64_t storage_bytes = 0;  // of the file system under the kubelet's folder
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel_version;
  std::string os_image;       // "Debian GNU/Linux 12 (bookworm)"
  std::string architecture;   // "amd64", as Go names it
  std::string host_name;
};

Machine read_machine(const std::string& root_directory);

// What changes from moment to moment and makes for conditions.
struct Pressure {
  int64_t memory_available_bytes = 0;
  int64_t storage_available_bytes = 0;
  int64_t storage_inodes = 0;
  int64_t storage_inodes_free = 0;
  int64_t processes = 0;
  int64_t processes_max = 0;
};
Pressure read_pressure(const std::string& root_directory);

}  // namespace kubelet
