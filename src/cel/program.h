// A compiled expression. Immutable: any number of threads may evaluate it at once.
//
//   cel::Activation activation;
//   activation.set("self", cel::Value::of(tree, declaration.get()));
//   cel::Budget budget{.limit = cel::kPerCallLimit};
//   cel::Value result = program->evaluate(activation, budget);
//   if (result.is_error()) use(result.error_message());   // "no such key: x"
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/type.h"
#include "cel/value.h"

namespace cel {

class Environment;
struct Checked;  // the syntax tree with its types
struct Plan;     // what is evaluated

// Upstream's limits, in units of cost (about 50 ns each).
constexpr uint64_t kPerCallLimit = 1'000'000;        // one evaluation
constexpr uint64_t kRuntimeBudget = 10'000'000;      // all rules on one object
constexpr uint64_t kStaticLimit = 10'000'000;        // the worst case of one rule, estimated
constexpr uint64_t kStaticTotalLimit = 100'000'000;  // of all rules of one schema
constexpr uint64_t kMaxExpressionSize = 100'000;     // code points

// What evaluations may still spend. `used` grows with each.
struct Budget {
  uint64_t limit = kPerCallLimit;
  uint64_t used = 0;
};

// From the least to the most; saturates at the type's maximum.
struct CostRange {
  uint64_t min = 0;
  uint64_t max = 0;
};

// The variables of one evaluation. Names are borrowed and must outlive it.
class Activation {
 public:
  void set(std::string_view name, Value value);
  // Worked out when the expression first asks, at most once per evaluation.
  void set_lazy(std::string_view name, std::function<Value()> make);
  std::optional<Value> find(std::string_view name) const;

 private:
  struct Entry {
    std::string_view name;
    Value value;
    std::function<Value()> make;
  };
  std::vector<Entry> entries_;
};

class Program {
 public:
  Program(std::string source, std::unique_ptr<const Checked> checked);
  ~Program();

  const std::string& source() const { return source_; }
  // What the expression gives; dyn when only the evaluation tells.
  const TypeRef& result_type() const;
  // Whether the expression mentions the variable.
  bool uses(std::string_view variable) const;

  // A value, or an error value. Adds its cost to budget.used; beyond budget.limit the error's failure is CostLimit.
  Value evaluate(const Activation& activation, Budget& budget) const;

  // The worst and the best case. Sizes come from `root`: whatever variable a path starts with, it is looked up there,
  // as upstream does for rules on custom resources. Without it sizes are unknown.
  CostRange estimate_cost(const Declaration* root = nullptr) const;

 private:
  std::string source_;
  std::unique_ptr<const Checked> checked_;
  std::unique_ptr<const Plan> plan_;
};

}  // namespace cel
