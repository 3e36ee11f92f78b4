// Deletes pods from nodes with NoExecute taints that they do not tolerate, or not for ever.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/core_v1.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_taint_eviction_controller(Context& context);

// When a pod must leave a node with these taints; nothing when it may stay. A toleration's seconds count from the
// taint's time, or from `seen` (when the pod was first met with such a taint) when it has none. Pure.
std::optional<base::Time> eviction_time(const api::core_v1::Pod& pod, const std::vector<api::core_v1::Taint>& taints,
                                        base::Time seen);

}  // namespace controller
