// What is evaluated: a compact tree made from the checked expression. Names are places by now, operators are codes.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/expression.h"
#include "cel/function.h"
#include "cel/value.h"

namespace cel {

enum class Op : uint8_t {
  Constant,
  Variable,  // slot: which of the plan's variables
  Local,     // slot: which of the loops' places
  Select,
  Has,
  OptionalSelect,
  Index,
  OptionalIndex,
  And,
  Or,
  Not,
  Conditional,
  Equal,
  NotEqual,
  Less,
  LessEquals,
  Greater,
  GreaterEquals,
  Add,
  Subtract,
  Multiply,
  Divide,
  Modulo,
  Negate,
  In,
  Size,
  NotStrictlyFalse,
  OrValue,
  OrOptional,
  Call,
  List,
  Map,
  Object,
  All,  // children: range, predicate
  Exists,
  Collect,  // range, filter or null, element
  Insert,   // range, filter or null, and key and value or a map
  Loop,     // range, initial, condition, step, result
  Bind,     // initial, result
};

struct Node {
  Op op;
  uint32_t slot = 0;         // Variable, Local; loops: of the first variable
  uint32_t second_slot = 0;  // loops with two variables
  uint32_t result_slot = 0;  // Loop and Bind: of the accumulator
  bool two = false;          // loops: two variables
  bool free = false;         // costs nothing itself: what only stands for a value that was paid for
  Value constant;
  const Expression* source = nullptr;
  std::vector<const Node*> children;
};

struct Plan {
  std::deque<Node> nodes;  // children before parents
  const Node* root = nullptr;
  std::vector<std::string> variables;
  uint32_t locals = 0;  // places that loops need
};

std::unique_ptr<const Plan> make_plan(const Expression& checked);

}  // namespace cel
