// Text to syntax tree.
#pragma once

#include <string_view>

#include "cel/expression.h"
#include "cel/source.h"

namespace cel {

// The tree with macros expanded; meaningless when issues were reported.
ExpressionPtr parse(const Source& source, Issues& issues);

// The content of a string or bytes literal, quotes and escapes undone. The lexer has checked its form; nothing when an
// escape is no character.
struct Unquoted {
  bool valid;
  std::string text;
};
Unquoted unquote(std::string_view literal, bool bytes);

}  // namespace cel
