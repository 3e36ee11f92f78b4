// Volumes labelled with a zone or region are reached only from nodes that have the label too.
#pragma once

#include <memory>

#include "scheduler/core/plugin.h"
#include "scheduler/core/storage.h"

namespace scheduler {

std::unique_ptr<Plugin> make_volume_zone(const Storage& storage);

}  // namespace scheduler
