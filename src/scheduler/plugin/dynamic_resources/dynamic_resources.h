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

// `ready_within`: devices that have to be made ready for a pod have that long. All borrowed but the client.
std::unique_ptr<Plugin> make_dynamic_resources(client::Client client, Devices& devices, base::Clock& clock,
                                               base::Random& random,
                                               io::Duration ready_within = std::chrono::seconds(600));

}  // namespace scheduler
