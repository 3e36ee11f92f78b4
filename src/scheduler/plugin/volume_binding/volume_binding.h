// A pod goes where its volumes are or can be, and is bound there once they are its claims'.
#pragma once

#include <memory>

#include "client/client.h"
#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler {

// A pod waits for its claims to be bound for `timeout`, then it is placed anew.
std::unique_ptr<Plugin> make_volume_binding(client::Client client, Storage& storage,
                                            io::Duration timeout = std::chrono::seconds(600));

}  // namespace scheduler
