// Notices nodes that are silent, says so in their conditions, taints them, and marks their pods not ready.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_node_lifecycle_controller(Context& context);

namespace node_lifecycle {

// Ready, or not, or silent.
enum class Health : uint8_t { Ready, NotReady, Unknown };
Health health_of(const api::core_v1::Node& node);

// Marks the conditions a kubelet keeps as Unknown: it went silent, or (`never`) never spoke. True if anything changed.
bool mark_silent(api::core_v1::Node& node, bool never, base::Time now);

// Whether pods of a node that is not ready have to leave.
enum class Eviction : uint8_t {
  Now,
  Later,  // if they have to already, it stays so
  Never,
};

// The taints the node should have: those that follow from its conditions replaced, all others kept. NoExecute ones as
// `eviction` says.
std::vector<api::core_v1::Taint> taints_of(const api::core_v1::Node& node, Eviction eviction, base::Time now);

}  // namespace node_lifecycle
}  // namespace controller
