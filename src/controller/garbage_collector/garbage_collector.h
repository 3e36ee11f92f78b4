// Deletes what its owners have left behind, and carries out foreground and orphaning deletions, for objects of every
// kind.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_garbage_collector(Context& context);

}  // namespace controller
