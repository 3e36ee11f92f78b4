// Calls that the parser replaces: has, all, exists, map, filter, optMap and their kin.
#pragma once

#include "cel/expression.h"
#include "cel/source.h"

namespace cel {

// Replaces `call` by what it stands for; leaves it when it is no macro. Complaints go to `issues`.
ExpressionPtr expand_macro(ExpressionPtr call, Issues& issues);

}  // namespace cel
