// Tells kubelets, by an annotation of each node, how long they may believe what they have read of secrets and config
// maps: the longer the more nodes there are to ask.
#pragma once

#include <cstddef>
#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_ttl_controller(Context& context);

// The seconds for that many nodes, where `before` were told so far (-1: none yet). Between two steps it stays what it
// was, so that one node more or less does not touch all the others. Pure; the steps are upstream's.
int ttl_seconds(size_t nodes, int before);

}  // namespace controller
