#include "cel/evaluator.h"

#include <algorithm>

#include "base/strings.h"
#include "cel/equality.h"
#include "cel/map_builder.h"
#include "cel/operators.h"

namespace cel {
namespace {

constexpr uint64_t kListCost = 10;
constexpr uint64_t kMapCost = 30;
constexpr uint64_t kObjectCost = 40;

bool has_size(const Value& value) {
  switch (value.kind()) {
    case Kind::String:
    case Kind::Bytes:
    case Kind::List:
    case Kind::Map:
    case Kind::Object:
      return true;
    default:
      return false;
  }
}

bool optional_entry(const Expression& source, size_t i) {
  return i < source.optional_entries.size() && source.optional_entries[i];
}

// No overload takes these arguments.
Value nothing_fits(std::string_view function, std::span<const Value> arguments) {
  for (std::string_view to : {"int", "uint", "double", "bool", "string", "bytes", "timestamp", "duration"}) {
    if (function != to) continue;
    std::string_view name = to == "timestamp"  ? "google.protobuf.Timestamp"
                            : to == "duration" ? "google.protobuf.Duration"
                                               : to;
    return Value::error(base::cat({"type conversion error from '", arguments[0].type_name(), "' to '", name, "'"}));
  }
  for (std::string_view own : {"contains", "startsWith", "endsWith", "matches"}) {
    if (function == own) return no_such_overload();
  }
  std::string types;
  for (const Value& argument : arguments) {
    if (!types.empty()) types += ", ";
    types += argument.type_name();
  }
  return Value::error(base::cat({"no such overload: ", function, "(", types, ")"}));
}

}  // namespace

Evaluator::Evaluator(const Plan& plan, const Activation& activation, Budget& budget)
    : plan_(plan), activation_(activation), budget_(budget) {
  size_t needed = plan.variables.size() + plan.locals;
  if (needed <= kInline) {
    places_ = inline_.data();
  } else {
    more_.resize(needed);
    places_ = more_.data();
  }
  if (plan.variables.size() > kInline) more_known_.resize(plan.variables.size());
}

Value Evaluator::over_budget() {
  return Value::error("operation cancelled: actual cost limit exceeded", Failure::CostLimit);
}

Value Evaluator::run() {
  Value result = evaluate(*plan_.root);
  if (exhausted_) return over_budget();
  return result;
}

Value Evaluator::variable(const Node& node) {
  auto known = [&]() -> bool { return more_known_.empty() ? inline_known_[node.slot] : more_known_[node.slot] != 0; };
  charge(1);
  if (!known()) {
    std::optional<Value> found = activation_.find(plan_.variables[node.slot]);
    places_[node.slot] =
        found ? std::move(*found) : Value::error("no such attribute(s): " + plan_.variables[node.slot]);
    if (more_known_.empty()) {
      inline_known_[node.slot] = true;
    } else {
      more_known_[node.slot] = 1;
    }
  }
  return places_[node.slot];
}

Value Evaluator::evaluate(const Node& node) {
  if (exhausted_) return over_budget();
  switch (node.op) {
    case Op::Constant:
      return node.constant.borrowed();
    case Op::Variable:
      return variable(node);
    case Op::Local:
      if (!node.free) charge(1);
      return local(node.slot);
    case Op::Select: {
      Value operand = evaluate(*node.children[0]);
      if (operand.is_error()) return operand;
      charge(1);
      return select(operand, node.source->name);
    }
    case Op::Has: {
      Value operand = evaluate(*node.children[0]);
      return operand.is_error() ? std::move(operand) : has_field(operand, node.source->name);
    }
    case Op::OptionalSelect:
      return select_or_none(node);
    case Op::OptionalIndex:
      return index_or_none(node);
    case Op::And:
      return logical(node, false);
    case Op::Or:
      return logical(node, true);
    case Op::Not: {
      Value operand = evaluate(*node.children[0]);
      charge(1);
      if (operand.is_error()) return operand;
      return is_boolean(operand) ? Value::of_bool(!operand.as_bool()) : Value::error("no such overload: !_");
    }
    case Op::Conditional:
      return conditional(node);
    case Op::Negate: {
      Value operand = evaluate(*node.children[0]);
      charge(1);
      if (operand.is_error()) return operand;
      return negate(operand);
    }
    case Op::Size: {
      Value operand = evaluate(*node.children[0]);
      charge(1);
      if (operand.is_error()) return operand;
      return size_of(operand);
    }
    case Op::NotStrictlyFalse: {
      Value operand = evaluate(*node.children[0]);
      charge(1);
      return Value::of_bool(!is_boolean(operand) || operand.as_bool());
    }
    case Op::OrValue:
    case Op::OrOptional:
      return or_else(node);
    case Op::Call:
      return call(node);
    case Op::List:
      return list(node);
    case Op::Map:
      return map(node);
    case Op::Object:
      return object(node);
    case Op::All:
      return quantifier(node, false);
    case Op::Exists:
      return quantifier(node, true);
    case Op::Collect:
      return collect(node);
    case Op::Insert:
      return insert(node);
    case Op::Loop:
      return loop(node);
    case Op::Bind:
      return bind(node);
    default:
      return binary(node);
  }
}

Value Evaluator::binary(const Node& node) {
  Value a = evaluate(*node.children[0]);
  if (a.is_error()) return charged(std::move(a));
  Value b = evaluate(*node.children[1]);
  if (b.is_error()) return charged(std::move(b));
  bool text = (a.kind() == Kind::String || a.kind() == Kind::Bytes) && a.kind() == b.kind();
  auto price = [&](CallCost rule) {
    Value arguments[] = {a, b};
    charge(call_cost(rule, arguments, Value()));
  };
  auto order = [&](auto&& holds, std::string_view name) {
    if (text) {
      price(CallCost::Equality);
    } else {
      charge(1);
    }
    auto found = compare(a, b);
    if (found) return Value::of_bool(holds(*found));
    bool ordered = compare(a, a).has_value();
    return ordered ? no_such_overload() : Value::error(base::cat({"no such overload: ", name}));
  };
  switch (node.op) {
    case Op::Equal:
    case Op::NotEqual:
      if (has_size(a) && has_size(b)) {
        price(CallCost::Equality);
      } else {
        charge(1);
      }
      return Value::of_bool(equal(a, b) == (node.op == Op::Equal));
    case Op::Less:
      return order([](auto o) { return o < 0; }, "_<_");
    case Op::LessEquals:
      return order([](auto o) { return o <= 0; }, "_<=_");
    case Op::Greater:
      return order([](auto o) { return o > 0; }, "_>_");
    case Op::GreaterEquals:
      return order([](auto o) { return o >= 0; }, "_>=_");
    case Op::Add:
      if (text) {
        price(CallCost::AddText);
      } else if (a.kind() == Kind::List) {
        price(CallCost::AddList);
      } else {
        charge(1);
      }
      return exhausted_ ? over_budget() : add(a, b);
    case Op::Subtract:
      charge(1);
      return subtract(a, b);
    case Op::Multiply:
      charge(1);
      return multiply(a, b);
    case Op::Divide:
      charge(1);
      return divide(a, b);
    case Op::Modulo:
      charge(1);
      return modulo(a, b);
    case Op::In:
      if (node.children[1]->op != Op::Constant) charge(b.kind() == Kind::List ? size_or_one(b) : 1);
      return exhausted_ ? over_budget() : is_in(a, b);
    default: {  // Index
      // A variable as the key costs no more than a constant.
      Op key = node.children[1]->op;
      if (key != Op::Variable && key != Op::Local) charge(1);
      if (!a.is_optional()) return index(a, b);
      const Value* inner = a.optional_value();
      if (inner == nullptr) return a;
      Value found = index(*inner, b);
      return found.is_error() ? Value::of_optional(std::nullopt) : Value::of_optional(std::move(found));
    }
  }
}

// && and ||: one side that decides is enough, even when the other is an error.
Value Evaluator::logical(const Node& node, bool decisive) {
  Value a = evaluate(*node.children[0]);
  if (is_boolean(a) && a.as_bool() == decisive) return a;
  Value b = evaluate(*node.children[1]);
  if (exhausted_) return over_budget();
  if (is_boolean(b) && b.as_bool() == decisive) return b;
  if (is_boolean(a) && is_boolean(b)) return Value::of_bool(!decisive);
  if (a.is_error()) return a;
  return b.is_error() ? std::move(b) : no_such_overload();
}

Value Evaluator::conditional(const Node& node) {
  Value condition = evaluate(*node.children[0]);
  if (condition.is_error()) return condition;
  if (!is_boolean(condition)) return no_such_overload();
  const Node& branch = *node.children[condition.as_bool() ? 1 : 2];
  // A branch that only names a variable is free.
  if (branch.op == Op::Variable || branch.op == Op::Local) {
    uint64_t used = budget_.used;
    Value value = evaluate(branch);
    budget_.used = used;
    return value;
  }
  return evaluate(branch);
}

Value Evaluator::select_or_none(const Node& node) {
  Value operand = evaluate(*node.children[0]);
  if (operand.is_error()) return operand;
  if (operand.is_optional()) {
    if (operand.optional_value() == nullptr) return operand;
    operand = Value(*operand.optional_value());
  }
  std::optional<Value> found = operand.field(node.children[1]->constant.as_string());
  if (found) charge(1);
  if (found && found->is_error()) return *found;
  return Value::of_optional(std::move(found));
}

Value Evaluator::index_or_none(const Node& node) {
  Value operand = evaluate(*node.children[0]);
  if (operand.is_error()) return operand;
  Value key = evaluate(*node.children[1]);
  if (key.is_error()) return key;
  charge(1);
  if (operand.is_optional()) {
    if (operand.optional_value() == nullptr) return operand;
    operand = Value(*operand.optional_value());
  }
  if (operand.kind() == Kind::Map) return Value::of_optional(operand.map_find(key));
  if (operand.kind() != Kind::List && operand.kind() != Kind::Object) return no_such_overload();
  Value found = index(operand, key);
  return found.is_error() ? Value::of_optional(std::nullopt) : Value::of_optional(std::move(found));
}

Value Evaluator::or_else(const Node& node) {
  Value optional = evaluate(*node.children[0]);
  if (optional.is_error()) return optional;
  if (!optional.is_optional()) return no_such_overload();
  const Value* inner = optional.optional_value();
  if (inner != nullptr) return node.op == Op::OrValue ? Value(*inner) : std::move(optional);
  return evaluate(*node.children[1]);
}

Value Evaluator::call(const Node& node) {
  constexpr size_t kFew = 4;
  std::array<Value, kFew> few;
  std::vector<Value> many;
  size_t count = node.children.size();
  if (count > kFew) many.resize(count);
  std::span<Value> arguments(count > kFew ? many.data() : few.data(), count);
  for (size_t i = 0; i < count; ++i) {
    arguments[i] = evaluate(*node.children[i]);
    if (arguments[i].is_error()) return arguments[i];
  }
  for (const Overload* overload : node.source->overloads) {
    bool all = true;
    for (size_t i = 0; i < count && all; ++i) all = fits(*overload->parameters[i], arguments[i]);
    if (!all) continue;
    if (overload->implementation == nullptr) break;
    // What the arguments make dear is paid for before.
    uint64_t before = overload->cost == CallCost::Join ? 1 : call_cost(overload->cost, arguments, Value());
    charge(before);
    if (exhausted_) return over_budget();
    Value result = overload->implementation(arguments);
    if (overload->cost == CallCost::Join) charge(call_cost(overload->cost, arguments, result));
    return result;
  }
  return nothing_fits(node.source->reference, arguments);
}

Value Evaluator::list(const Node& node) {
  charge(kListCost);
  std::vector<Value> elements;
  elements.reserve(node.children.size());
  for (size_t i = 0; i < node.children.size(); ++i) {
    Value element = evaluate(*node.children[i]);
    if (element.is_error()) return element;
    if (optional_entry(*node.source, i)) {
      if (!element.is_optional()) {
        return Value::error(
            base::cat({"cannot initialize optional list element from non-optional value ", element.type_name()}));
      }
      if (element.optional_value() == nullptr) continue;
      element = Value(*element.optional_value());
    }
    elements.push_back(std::move(element));
  }
  return Value::of_list(std::move(elements));
}

Value Evaluator::map(const Node& node) {
  charge(kMapCost);
  MapBuilder map;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    Value key = evaluate(*node.children[i]);
    if (key.is_error()) return key;
    Value value = evaluate(*node.children[i + 1]);
    if (value.is_error()) return value;
    if (optional_entry(*node.source, i / 2)) {
      if (!value.is_optional()) {
        return Value::error(base::cat(
            {"cannot initialize optional entry '", text_of_key(key), "' from non-optional value ", value.type_name()}));
      }
      if (value.optional_value() == nullptr) continue;
      value = Value(*value.optional_value());
    }
    if (key.kind() != Kind::String && key.kind() != Kind::Int && key.kind() != Kind::Uint && key.kind() != Kind::Bool) {
      return Value::error(base::cat({"unsupported key type: ", key.type_name()}));
    }
    if (!map.add(key, std::move(value))) return Value::error("Failed with repeated key");
  }
  return std::move(map).finish();
}

Value Evaluator::object(const Node& node) {
  charge(kObjectCost);
  std::vector<std::pair<std::string, Value>> fields;
  for (size_t i = 0; i < node.children.size(); ++i) {
    Value value = evaluate(*node.children[i]);
    if (value.is_error()) return value;
    const std::string& name = node.source->field_names[i];
    if (optional_entry(*node.source, i)) {
      if (!value.is_optional()) {
        return Value::error(
            base::cat({"cannot initialize optional entry '", name, "' from non-optional value ", value.type_name()}));
      }
      if (value.optional_value() == nullptr) continue;
      value = Value(*value.optional_value());
    }
    fields.emplace_back(name, std::move(value));
  }
  return Value::of_object(node.source->reference, std::move(fields));
}

}  // namespace cel
