// The address by which others reach this machine.
#pragma once

#include <string>

namespace io {

// The one from which the default route leaves, IPv4 before IPv6; else the first of an interface that is up and neither
// loopback nor of one link alone; else 127.0.0.1.
std::string own_address();

}  // namespace io
