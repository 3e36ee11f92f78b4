// What expressions that choose among devices may name: `device`, with driver, attributes and capacity by the domains of
// their names, allowMultipleAllocations. API documentation of CELDeviceSelector.
#pragma once

#include "cel/environment.h"

namespace cel {

// One for all; from any thread.
const Environment& device_environment();

}  // namespace cel
