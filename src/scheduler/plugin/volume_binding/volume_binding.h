// A pod goes where its volumes are or can be, and is bound there once they are its claims'.
#pragma once

#include <memory>

#include "client/client.h"
#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler {

std::unique_ptr<Plugin> make_volume_binding(client::Client client, Storage& storage);

}  // namespace scheduler
