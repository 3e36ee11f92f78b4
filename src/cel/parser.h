// Text to syntax tree.
#pragma once

#include <string_view>

#include "cel/expression.h"
#include "cel/source.h"

namespace cel {

// The tree with macros expanded; meaningless when issues were reported.
ExpressionPtr parse(const Source& source, Issues& issues);

}  // namespace cel
