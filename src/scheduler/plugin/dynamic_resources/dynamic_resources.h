// A pod goes where there are devices for its claims, and gets them before it is bound. Kubernetes documentation,
// "Dynamic Resource Allocation".
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "scheduler/core/devices.h"
#include "scheduler/core/plugin.h"

namespace scheduler {

// All borrowed but the client.
std::unique_ptr<Plugin> make_dynamic_resources(client::Client client, Devices& devices, base::Clock& clock,
                                               base::Random& random);

}  // namespace scheduler
