// What this machine is called and where it is reached.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace navarch {

// In lower case, as nodes are named.
std::string host_name();
// The IPv4 address that the default route leaves from; else any that is not loopback; else 127.0.0.1.
std::string default_address();
int processor_count();

}  // namespace navarch
