// All plugins, in the order in which they are asked. A new one is a folder here and a line in list.cc.
#pragma once

#include "client/client.h"
#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler {

// What some plugins need beside the cache; outlives them.
struct PluginServices {
  client::Client* client = nullptr;
  Storage* storage = nullptr;  // both null: nobody asks about volumes
};

Plugins default_plugins(PluginServices services = {});

}  // namespace scheduler
