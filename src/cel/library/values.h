// Values of the libraries' types, for variables that hold them.
#pragma once

#include <string_view>

#include "base/quantity.h"
#include "cel/value.h"

namespace cel::library {

Value quantity_value(base::Quantity amount);
// An error value when the text is no version.
Value semver_value(std::string_view version);

}  // namespace cel::library
