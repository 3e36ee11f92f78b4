// Takes a pod from its place for a reason that is not its own.
#pragma once

#include <string>

#include "api/core_v1.h"
#include "client/client.h"

namespace controller {

// Marks the pod with the condition DisruptionTarget, True since `now`, then deletes it. One that is gone already, or
// has been replaced under its name, is no error.
io::Task<base::Result<void>> disrupt(client::Client client, api::core_v1::Pod pod, std::string reason,
                                     std::string message, base::Time now);

}  // namespace controller
