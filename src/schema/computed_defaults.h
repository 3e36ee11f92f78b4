// The few defaults that are no constants, by the name that schemas/ call them.
#pragma once

#include <string_view>

#include "base/clock.h"

namespace schema {

// `object` is a struct of the type whose rule names the function.
using ComputedDefault = void (*)(void* object, base::Clock& clock);

// Null when there is no such function.
ComputedDefault find_computed_default(std::string_view name);

}  // namespace schema
