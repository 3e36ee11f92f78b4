// One evaluation of a plan.
#pragma once

#include <array>

#include "cel/plan.h"
#include "cel/program.h"

namespace cel {

class Evaluator {
 public:
  Evaluator(const Plan& plan, const Activation& activation, Budget& budget);

  Value run();

 private:
  // What loops run over, element by element.
  class Range;

  Value evaluate(const Node& node);
  Value variable(const Node& node);
  Value binary(const Node& node);
  Value logical(const Node& node, bool decisive);
  Value conditional(const Node& node);
  Value index_or_none(const Node& node);
  Value select_or_none(const Node& node);
  Value or_else(const Node& node);
  Value call(const Node& node);
  Value list(const Node& node);
  Value map(const Node& node);
  Value object(const Node& node);
  Value quantifier(const Node& node, bool decisive);
  Value collect(const Node& node);
  Value insert(const Node& node);
  Value loop(const Node& node);
  Value bind(const Node& node);

  void charge(uint64_t cost) {
    if (__builtin_add_overflow(budget_.used, cost, &budget_.used)) budget_.used = UINT64_MAX;
    if (budget_.used > budget_.limit) exhausted_ = true;
  }
  // An operand's error, for which the call is paid all the same.
  Value charged(Value error) {
    charge(1);
    return error;
  }
  static Value over_budget();
  Value& local(uint32_t slot) { return places_[plan_.variables.size() + slot]; }

  const Plan& plan_;
  const Activation& activation_;
  Budget& budget_;
  bool exhausted_ = false;

  // Variables that were asked for, and the loops' own.
  static constexpr size_t kInline = 10;
  std::array<Value, kInline> inline_;
  std::array<bool, kInline> inline_known_{};
  std::vector<Value> more_;
  std::vector<char> more_known_;
  Value* places_;
};

inline bool is_boolean(const Value& value) {
  return value.kind() == Kind::Bool;
}

// What a call costs when it is made.
uint64_t call_cost(CallCost rule, std::span<const Value> arguments, const Value& result);

}  // namespace cel
