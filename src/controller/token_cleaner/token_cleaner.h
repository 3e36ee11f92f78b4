// Removes bootstrap tokens whose time is over.
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_token_cleaner(Context& context);

}  // namespace controller
