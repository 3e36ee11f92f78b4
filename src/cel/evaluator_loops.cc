// Loops over lists and maps: what macros become.

#include "base/strings.h"
#include "cel/evaluator.h"
#include "cel/map_builder.h"
#include "cel/operators.h"

namespace cel {
namespace {

constexpr uint64_t kListCost = 10;

std::string_view go_value_name(const Value& value) {
  switch (value.kind()) {
    case Kind::Null:
      return "types.Null";
    case Kind::Bool:
      return "types.Bool";
    case Kind::Int:
      return "types.Int";
    case Kind::Uint:
      return "types.Uint";
    case Kind::Double:
      return "types.Double";
    case Kind::String:
      return "types.String";
    case Kind::Bytes:
      return "types.Bytes";
    case Kind::Timestamp:
      return "types.Timestamp";
    case Kind::Duration:
      return "types.Duration";
    default:
      return value.type_name();
  }
}

}  // namespace

class Evaluator::Range {
 public:
  explicit Range(const Value& value) : value_(value) {}

  bool valid() const { return value_.kind() == Kind::List || value_.kind() == Kind::Map; }
  Value complaint() const {
    return Value::error(base::cat({"got '", go_value_name(value_), "', expected iterable type"}));
  }
  size_t size() const { return value_.kind() == Kind::List ? value_.list_size() : value_.map_size(); }
  // The variables' values for one round.
  void load(size_t i, const Node& node, Evaluator& evaluator) const {
    if (value_.kind() == Kind::List) {
      if (node.two) {
        evaluator.local(node.slot) = Value::of_int(static_cast<int64_t>(i));
        evaluator.local(node.second_slot) = value_.list_at(i);
      } else {
        evaluator.local(node.slot) = value_.list_at(i);
      }
      return;
    }
    auto [key, value] = value_.map_entry(i);
    evaluator.local(node.slot) = std::move(key);
    if (node.two) evaluator.local(node.second_slot) = std::move(value);
  }

 private:
  const Value& value_;
};

Value Evaluator::quantifier(const Node& node, bool decisive) {
  // What the accumulator and the condition on it would cost in each round.
  const uint64_t round = decisive ? 4 : 3;
  Value over = evaluate(*node.children[0]);
  if (over.is_error()) return over;
  Range range(over);
  if (!range.valid()) return range.complaint();
  Value verdict = Value::of_bool(!decisive);
  for (size_t i = 0; i < range.size() && !exhausted_; ++i) {
    range.load(i, node, *this);
    charge(round);
    Value one = evaluate(*node.children[1]);
    if (is_boolean(one)) {
      if (one.as_bool() == decisive) {
        verdict = std::move(one);
        // The condition is looked at once more.
        if (i + 1 < range.size()) charge(round - 1);
        break;
      }
    } else if (!verdict.is_error()) {
      verdict = one.is_error() ? std::move(one) : no_such_overload();
    }
  }
  charge(1);
  return exhausted_ ? over_budget() : verdict;
}

Value Evaluator::collect(const Node& node) {
  Value over = evaluate(*node.children[0]);
  if (over.is_error()) return over;
  Range range(over);
  if (!range.valid()) return range.complaint();
  std::vector<Value> elements;
  for (size_t i = 0; i < range.size(); ++i) {
    if (exhausted_) return over_budget();
    range.load(i, node, *this);
    if (node.children[1] != nullptr) {
      Value wanted = evaluate(*node.children[1]);
      if (wanted.is_error()) return wanted;
      if (!is_boolean(wanted)) return no_such_overload();
      if (!wanted.as_bool()) continue;
    }
    charge(kListCost + 2);
    Value element = evaluate(*node.children[2]);
    if (element.is_error()) return element;
    elements.push_back(std::move(element));
  }
  charge(1);
  return Value::of_list(std::move(elements));
}

Value Evaluator::insert(const Node& node) {
  Value over = evaluate(*node.children[0]);
  if (over.is_error()) return over;
  Range range(over);
  if (!range.valid()) return range.complaint();
  MapBuilder map;
  auto add = [&](const Value& key, Value value) -> Value {
    if (map.add(key, std::move(value))) return {};
    return Value::error(base::cat({"insert failed: key ", text_of_key(key), " already exists"}));
  };
  for (size_t i = 0; i < range.size(); ++i) {
    if (exhausted_) return over_budget();
    range.load(i, node, *this);
    if (node.children[1] != nullptr) {
      Value wanted = evaluate(*node.children[1]);
      if (wanted.is_error()) return wanted;
      if (!is_boolean(wanted)) return no_such_overload();
      if (!wanted.as_bool()) continue;
    }
    charge(2);
    Value first = evaluate(*node.children[2]);
    if (first.is_error()) return first;
    if (node.children.size() == 4) {
      Value value = evaluate(*node.children[3]);
      if (value.is_error()) return value;
      if (Value wrong = add(first, std::move(value)); wrong.is_error()) return wrong;
      continue;
    }
    if (first.kind() != Kind::Map) return no_such_overload();
    for (size_t k = 0; k < first.map_size(); ++k) {
      auto [key, value] = first.map_entry(k);
      if (Value wrong = add(key, std::move(value)); wrong.is_error()) return wrong;
    }
  }
  charge(1);
  return std::move(map).finish();
}

Value Evaluator::loop(const Node& node) {
  Value over = evaluate(*node.children[0]);
  if (over.is_error()) return over;
  Range range(over);
  if (!range.valid()) return range.complaint();
  local(node.result_slot) = evaluate(*node.children[1]);
  for (size_t i = 0; i < range.size(); ++i) {
    if (exhausted_) return over_budget();
    range.load(i, node, *this);
    Value condition = evaluate(*node.children[2]);
    if (is_boolean(condition) && !condition.as_bool()) break;
    local(node.result_slot) = evaluate(*node.children[3]);
  }
  return evaluate(*node.children[4]);
}

Value Evaluator::bind(const Node& node) {
  uint64_t before = budget_.used;
  local(node.result_slot) = evaluate(*node.children[0]);
  // Upstream works this one out twice.
  if (node.free) charge(budget_.used - before);
  return evaluate(*node.children[1]);
}

}  // namespace cel
