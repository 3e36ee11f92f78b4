#include "cel/cost_estimator.h"

#include "cel/checked.h"
#include "cel/program.h"
#include "cel/source.h"

namespace cel {
namespace {

constexpr double kTraversal = 0.1;
constexpr double kRegexLength = 0.25;
constexpr CostRange kListCost{10, 10};
constexpr CostRange kMapCost{30, 30};
constexpr CostRange kObjectCost{40, 40};

bool is_scalar(const Type& type) {
  switch (type.kind) {
    case Kind::Bool:
    case Kind::Int:
    case Kind::Uint:
    case Kind::Double:
    case Kind::Timestamp:
    case Kind::Duration:
      return true;
    case Kind::Opaque:
      return is_optional(type) && is_scalar(*type.parameters[0]);
    default:
      return false;
  }
}

// What is seen in the expression itself.
std::optional<CostRange> literal_size(const Expression& e) {
  switch (e.kind) {
    case Expression::Kind::Literal:
      if (e.literal.kind() == Kind::String) return exactly(count_utf8(e.literal.as_string()));
      if (e.literal.kind() == Kind::Bytes) return exactly(e.literal.as_string().size());
      return exactly(1);
    case Expression::Kind::List:
      return exactly(e.arguments.size());
    case Expression::Kind::Map:
      return exactly(e.arguments.size() / 2);
    default:
      return std::nullopt;
  }
}

bool is_bind(const Comprehension& c) {
  return c.form == Comprehension::Form::Bind;
}

}  // namespace

CostRange CostEstimator::cost(const Expression& e) {
  switch (e.kind) {
    case Expression::Kind::Name:
      if (const Local* local = find_local(e.name)) {
        paths_[&e] = local->path;
      } else {
        paths_[&e] = {true, root_};
      }
      return exactly(e.name == kOptionalTarget ? 0 : 1);
    case Expression::Kind::Select:
      return cost_of_select(e);
    case Expression::Kind::Call:
      return cost_of_call(e);
    case Expression::Kind::List:
      return cost_of_list(e);
    case Expression::Kind::Map:
      return cost_of_map(e);
    case Expression::Kind::Object: {
      CostRange sum = kObjectCost;
      for (const ExpressionPtr& value : e.arguments) sum = sum + cost(*value);
      return sum;
    }
    case Expression::Kind::Comprehension:
      return is_bind(*e.comprehension) ? cost_of_bind(e) : cost_of_loop(e);
    default:
      return {};
  }
}

CostRange CostEstimator::cost_of_select(const Expression& e) {
  CostRange sum = cost(*e.target);
  if (e.test_only) return sum;
  switch (e.target->type == nullptr ? Kind::Dyn : e.target->type->kind) {
    case Kind::Map:
    case Kind::Object:
      sum = sum + exactly(1);
      break;
    default:
      break;
  }
  paths_[&e] = below(path_of(*e.target), e.name);
  return sum;
}

CostRange CostEstimator::cost_of_call(const Expression& e) {
  if (e.reference == "dyn" && e.arguments.size() == 1) {
    CostRange argument = cost(*e.arguments[0]);
    set_size(e, size_of(*e.arguments[0]));
    if (auto entries = entries_of(*e.arguments[0])) entry_sizes_[&e] = *entries;
    return argument + exactly(1);
  }
  std::vector<CostRange> costs;
  CostRange all;
  for (const ExpressionPtr& argument : e.arguments) {
    costs.push_back(cost(*argument));
    all = all + costs.back();
  }
  if (e.overloads.empty()) return e.reference == "_?._" ? all + exactly(1) : CostRange{};
  CostRange sum;
  if (e.target != nullptr && !e.static_call) sum = cost(*e.target);
  CostRange function{UINT64_MAX, 0};
  Size result;
  for (const Overload* overload : e.overloads) {
    Estimate one = estimate(e, *overload, costs);
    function = function | one.cost;
    if (one.size) result = result ? *result | *one.size : one.size;
    if (overload->cost == CallCost::IndexList || overload->cost == CallCost::IndexMap) {
      auto entries = entries_of(*e.arguments[0]);
      result = entries ? Size(entries->value) : std::nullopt;
      paths_[&e] = element_of(path_of(*e.arguments[0]), true);
    }
    if (!result) result = size_of(e);
  }
  set_size(e, result);
  return sum + function;
}

CostRange CostEstimator::cost_of_list(const Expression& e) {
  CostRange sum;
  CostRange element{e.arguments.empty() ? 0 : UINT64_MAX, 0};
  for (const ExpressionPtr& argument : e.arguments) {
    sum = sum + cost(*argument);
    element = element | size_or_unknown(*argument);
  }
  entry_sizes_[&e] = {true, exactly(1), element};
  return sum + kListCost;
}

CostRange CostEstimator::cost_of_map(const Expression& e) {
  CostRange sum;
  CostRange key{e.arguments.empty() ? 0 : UINT64_MAX, 0};
  CostRange value = key;
  for (size_t i = 0; i < e.arguments.size(); i += 2) {
    sum = sum + cost(*e.arguments[i]) + cost(*e.arguments[i + 1]);
    key = key | size_or_unknown(*e.arguments[i]);
    value = value | size_or_unknown(*e.arguments[i + 1]);
  }
  entry_sizes_[&e] = {false, key, value};
  return sum + kMapCost;
}

void CostEstimator::push_loop_variable(const std::string& name, const Expression& range, bool key) {
  auto entries = entries_of(range);
  bool list = entries ? entries->list : range.type->kind == Kind::List;
  Local local;
  if (entries) local.size = key ? entries->key : entries->value;
  local.path = list && key ? below(path_of(range), "@indices") : element_of(path_of(range), !key);
  locals_.emplace_back(name, std::move(local));
}

CostRange CostEstimator::cost_of_loop(const Expression& e) {
  const Comprehension& c = *e.comprehension;
  CostRange sum = cost(*c.range) + cost(*c.initial);
  size_t outer = locals_.size();
  locals_.emplace_back(c.accumulator, Local{path_of(*c.initial), size_of(*c.initial), entries_of(*c.initial)});
  size_t inner = locals_.size();
  if (c.second_variable.empty()) {
    auto entries = entries_of(*c.range);
    bool list = entries ? entries->list : c.range->type->kind == Kind::List;
    push_loop_variable(c.variable, *c.range, !list);
  } else {
    push_loop_variable(c.variable, *c.range, true);
    push_loop_variable(c.second_variable, *c.range, false);
  }
  CostRange round = cost(*c.condition) + cost(*c.step);
  locals_.resize(inner);
  sum = sum + cost(*c.result);
  locals_.resize(outer);
  CostRange rounds = size_or_unknown(*c.range);
  sum = sum + rounds * round;
  if (c.initial->kind == Expression::Kind::Literal) {
    set_size(e, size_of(*c.initial));
  } else {
    set_size(e, rounds);
    if (auto entries = entries_of(*c.step)) entry_sizes_[&e] = *entries;
  }
  return sum;
}

CostRange CostEstimator::cost_of_bind(const Expression& e) {
  const Comprehension& c = *e.comprehension;
  CostRange initial = cost(*c.initial);
  // The target of optMap is worked out twice upstream; others are loops over an empty list.
  CostRange sum = c.accumulator == kOptionalTarget ? initial + initial : cost(*c.range) + initial;
  locals_.emplace_back(c.accumulator, Local{path_of(*c.initial), size_of(*c.initial), entries_of(*c.initial)});
  sum = sum + cost(*c.result);
  set_size(e, size_of(*c.result));
  if (auto entries = entries_of(*c.result)) entry_sizes_[&e] = *entries;
  locals_.pop_back();
  return sum;
}

CostEstimator::Estimate CostEstimator::estimate(const Expression& e, const Overload& overload,
                                                const std::vector<CostRange>& costs) {
  CostRange all;
  for (const CostRange& each : costs) all = all + each;
  const Expression* target = e.static_call ? nullptr : e.target.get();
  std::vector<const Expression*> arguments;
  for (const ExpressionPtr& argument : e.arguments) arguments.push_back(argument.get());
  if (auto library = estimate_library(overload, target, arguments)) return {library->cost + all, library->size};
  auto size = [&](size_t i) { return size_or_unknown(*arguments[i]); };
  switch (overload.cost) {
    case CallCost::FormatText: {
      CostRange text = size_or_unknown(*target);
      return {text * kTraversal + all, text + size(0)};
    }
    case CallCost::ToBytes:
      return {size(0) * kTraversal + all, CostRange{size(0).min, saturating_multiply(size(0).max, 4)}};
    case CallCost::FromBytes:
      return {size(0) * kTraversal + all, CostRange{size(0).min / 4, size(0).max}};
    case CallCost::Quote:
      return {size(0) * kTraversal + all, size(0) * exactly(2) + exactly(2)};
    case CallCost::StartsWith:
      return {size(0) * kTraversal + all, {}};
    case CallCost::InList:
      return {size(1) + all, {}};
    case CallCost::Matches:
      if (target == nullptr) break;
      return {((size_or_unknown(*target) + exactly(1)) * kTraversal) * (size(0) * kRegexLength) + all, {}};
    case CallCost::Contains:
      return {(size_or_unknown(*target) * kTraversal) * (size(0) * kTraversal) + all, {}};
    // The left side may decide.
    case CallCost::LogicalOr:
    case CallCost::LogicalAnd:
      return {{costs[0].min, (costs[0] + costs[1]).max}, {}};
    case CallCost::Conditional: {
      auto yes = entries_of(*arguments[1]);
      auto no = entries_of(*arguments[2]);
      if (yes && no) entry_sizes_[&e] = {yes->list, yes->key | no->key, yes->value | no->value};
      return {costs[0] + (costs[1] | costs[2]), size(1) | size(2)};
    }
    case CallCost::AddText:
    case CallCost::AddList: {
      CostRange sum = size(0) + size(1);
      auto left = entries_of(*arguments[0]);
      auto right = entries_of(*arguments[1]);
      if (left && right) entry_sizes_[&e] = {left->list, left->key | right->key, left->value | right->value};
      return {(overload.cost == CallCost::AddList ? exactly(1) : sum * kTraversal) + all, sum};
    }
    case CallCost::Equality: {
      uint64_t most = std::min(size(0).max, size(1).max);
      return {CostRange{most > 0 ? uint64_t{1} : 0, most} * kTraversal + all, {}};
    }
    default:
      break;
  }
  return {exactly(1) + all, {}};
}

CostEstimator::Path CostEstimator::path_of(const Expression& e) const {
  if (e.kind == Expression::Kind::Name) {
    if (const Local* local = find_local(e.name)) return local->path;
  }
  auto found = paths_.find(&e);
  return found == paths_.end() ? Path{} : found->second;
}

// A path that starts in nothing declared is taken from the root, as upstream does.
CostEstimator::Path CostEstimator::below(const Path& path, std::string_view step) const {
  if (!path.known) return {true, root_};
  if (path.declaration == nullptr) return path;
  const FieldDeclaration* field = path.declaration->find(step);
  return {true, field == nullptr ? nullptr : field->declaration.get()};
}

CostEstimator::Path CostEstimator::element_of(const Path& path, bool values) const {
  if (!path.known) return {true, root_};
  if (path.declaration == nullptr) return path;
  return {true, values ? path.declaration->element.get() : path.declaration->key.get()};
}

CostEstimator::Size CostEstimator::size_of_path(const Path& path) const {
  if (!path.known || path.declaration == nullptr) return std::nullopt;
  return CostRange{0, path.declaration->max_elements};
}

CostEstimator::Size CostEstimator::size_of(const Expression& e) {
  if (auto found = sizes_.find(&e); found != sizes_.end()) return found->second;
  if (Size size = literal_size(e)) return size;
  if (Size size = size_of_path(path_of(e))) {
    sizes_[&e] = *size;
    return size;
  }
  if (e.type != nullptr && is_scalar(*e.type)) return exactly(1);
  if (e.kind == Expression::Kind::Name) {
    if (const Local* local = find_local(e.name)) return local->size;
  }
  return std::nullopt;
}

CostRange CostEstimator::size_or_unknown(const Expression& e) {
  return size_of(e).value_or(kUnknownSize);
}

std::optional<CostEstimator::EntrySize> CostEstimator::entries_of(const Expression& e) const {
  if (auto found = entry_sizes_.find(&e); found != entry_sizes_.end()) return found->second;
  if (e.kind == Expression::Kind::Name) {
    if (const Local* local = find_local(e.name)) return local->entries;
  }
  return std::nullopt;
}

void CostEstimator::set_size(const Expression& e, const Size& size) {
  if (size) sizes_[&e] = *size;
}

const CostEstimator::Local* CostEstimator::find_local(std::string_view name) const {
  for (auto at = locals_.rbegin(); at != locals_.rend(); ++at) {
    if (at->first == name) return &at->second;
  }
  return nullptr;
}

CostRange Program::estimate_cost(const Declaration* root) const {
  return CostEstimator(root).cost(*checked_->root);
}

}  // namespace cel
