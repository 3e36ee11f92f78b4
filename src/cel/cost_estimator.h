// The cost of an expression before it is run, from the sizes that declarations allow.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cel/cost_range.h"
#include "cel/expression.h"
#include "cel/function.h"

namespace cel {

class CostEstimator {
 public:
  // `root` may be null; see Program::estimate_cost.
  explicit CostEstimator(const Declaration* root) : root_(root) {}

  CostRange cost(const Expression& e);

 private:
  using Size = std::optional<CostRange>;

  // Where a value comes from: nowhere known, or a declaration below the root, which is null when there is none by that
  // name.
  struct Path {
    bool known = false;
    const Declaration* declaration = nullptr;
  };
  // Sizes of what is in a list or map that the expression makes.
  struct EntrySize {
    bool list;
    CostRange key;
    CostRange value;
  };
  struct Local {
    Path path;
    Size size;
    std::optional<EntrySize> entries;
  };
  struct Estimate {
    CostRange cost;
    Size size;
  };

  CostRange cost_of_select(const Expression& e);
  CostRange cost_of_call(const Expression& e);
  CostRange cost_of_list(const Expression& e);
  CostRange cost_of_map(const Expression& e);
  CostRange cost_of_loop(const Expression& e);
  CostRange cost_of_bind(const Expression& e);

  Estimate estimate(const Expression& e, const Overload& overload, const std::vector<CostRange>& costs);
  // Of functions whose costs Kubernetes sets; nothing leaves it to the language's own.
  std::optional<Estimate> estimate_library(const Overload& overload, const Expression* target,
                                           const std::vector<const Expression*>& arguments);
  Estimate estimate_replace(CostRange text, CostRange old, CostRange with) const;
  CostRange estimate_list_traversal(const Expression& target);

  Path path_of(const Expression& e) const;
  Path below(const Path& path, std::string_view step) const;
  Path element_of(const Path& path, bool values) const;
  Size size_of_path(const Path& path) const;
  Size size_of(const Expression& e);
  CostRange size_or_unknown(const Expression& e);
  std::optional<EntrySize> entries_of(const Expression& e) const;
  void set_size(const Expression& e, const Size& size);
  const Local* find_local(std::string_view name) const;
  void push_loop_variable(const std::string& name, const Expression& range, bool key);

  const Declaration* root_;
  std::unordered_map<const Expression*, Path> paths_;
  std::unordered_map<const Expression*, CostRange> sizes_;
  std::unordered_map<const Expression*, EntrySize> entry_sizes_;
  std::vector<std::pair<std::string_view, Local>> locals_;  // innermost last
};

}  // namespace cel
