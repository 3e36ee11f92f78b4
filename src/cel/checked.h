// A checked expression with the environment's part in it.
#pragma once

#include "cel/expression.h"

namespace cel {

struct Checked {
  ExpressionPtr root;
};

}  // namespace cel
