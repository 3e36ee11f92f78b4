// All plugins, in the order in which they are asked. A new one is a folder here and a line in list.cc.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "scheduler/core/devices.h"
#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"
#include "scheduler/profile.h"

namespace scheduler {

// What some plugins need beside the cache; outlives them.
struct PluginServices {
  client::Client* client = nullptr;
  Storage* storage = nullptr;  // null, as the rest: nobody asks about volumes
  Devices* devices = nullptr;  // null: nobody asks about devices
  base::Clock* clock = nullptr;
  base::Random* random = nullptr;
};

// Those that the profile uses.
Plugins make_plugins(const Profile& profile = {}, PluginServices services = {});

}  // namespace scheduler
