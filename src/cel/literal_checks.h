// Literals that could never work: durations, timestamps and patterns that cannot be read.
#pragma once

#include "cel/expression.h"
#include "cel/source.h"

namespace cel {

void check_literals(const Expression& expression, Issues& issues);

}  // namespace cel
