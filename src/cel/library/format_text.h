// "%s has %d".format([name, count])
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/value.h"

namespace cel::library {

// The template with each %-clause replaced by the argument whose turn it is; BadRequest when one does not fit.
base::Result<std::string> format_text(std::string_view pattern, const Value& arguments);

}  // namespace cel::library
