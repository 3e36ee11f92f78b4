// All plugins, in the order in which they are asked. A new one is a folder here and a line in list.cc.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

Plugins default_plugins();

}  // namespace scheduler
