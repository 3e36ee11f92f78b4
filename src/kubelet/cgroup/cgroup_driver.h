// Who makes control groups: we do, or systemd does when it is asked.
#pragma once

#include <cstdint>

namespace kubelet {

enum class CgroupDriver : uint8_t { Cgroupfs, Systemd };

}  // namespace kubelet
