// Node selectors and node affinity, required and preferred.
#pragma once

#include "scheduler/core/plugin.h"

namespace scheduler {

// `added` holds for every pod, beside its own.
std::unique_ptr<Plugin> make_node_affinity(api::core_v1::NodeAffinity added = {});

}  // namespace scheduler
