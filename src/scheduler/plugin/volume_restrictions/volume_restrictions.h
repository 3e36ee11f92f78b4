// A claim of access mode ReadWriteOncePod is for one pod at a time.
#pragma once

#include <memory>

#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler {

std::unique_ptr<Plugin> make_volume_restrictions(const Storage& storage);

}  // namespace scheduler
