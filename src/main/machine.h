// What this machine is called, and how many processors we may use.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace navarch {

// In lower case, as nodes are named.
std::string host_name();
int processor_count();

}  // namespace navarch
