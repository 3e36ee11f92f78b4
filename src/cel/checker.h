// Types of all parts of an expression, and what its names refer to.
#pragma once

#include "cel/environment.h"
#include "cel/expression.h"
#include "cel/source.h"

namespace cel {

// Writes type, reference and overloads into the tree; complaints go to `issues`.
void check(Expression& expression, const Environment& environment, Issues& issues);

}  // namespace cel
