// Every flag that upstream's components know, so that unit files and manifests written for them work here.
#pragma once

#include <cstdint>
#include <string_view>

namespace cli {

enum class Component : uint8_t { ApiServer, ControllerManager, Scheduler, Kubelet, Proxy };

// Names with spaces between, for Flags::ignore_others().
std::string_view upstream_flags(Component component);

}  // namespace cli
