#include "cel/plan.h"

#include <algorithm>
#include <map>

#include "cel/map_builder.h"

namespace cel {
namespace {

Op operator_of(std::string_view function) {
  static const std::map<std::string_view, Op> operators = {{"_&&_", Op::And},
                                                           {"_||_", Op::Or},
                                                           {"!_", Op::Not},
                                                           {"_?_:_", Op::Conditional},
                                                           {"_==_", Op::Equal},
                                                           {"_!=_", Op::NotEqual},
                                                           {"_<_", Op::Less},
                                                           {"_<=_", Op::LessEquals},
                                                           {"_>_", Op::Greater},
                                                           {"_>=_", Op::GreaterEquals},
                                                           {"_+_", Op::Add},
                                                           {"_-_", Op::Subtract},
                                                           {"_*_", Op::Multiply},
                                                           {"_/_", Op::Divide},
                                                           {"_%_", Op::Modulo},
                                                           {"-_", Op::Negate},
                                                           {"@in", Op::In},
                                                           {"_[_]", Op::Index},
                                                           {"_[?_]", Op::OptionalIndex},
                                                           {"_?._", Op::OptionalSelect},
                                                           {"size", Op::Size},
                                                           {"@not_strictly_false", Op::NotStrictlyFalse},
                                                           {"orValue", Op::OrValue},
                                                           {"or", Op::OrOptional}};
  auto found = operators.find(function);
  return found == operators.end() ? Op::Call : found->second;
}

class Planner {
 public:
  Planner() : plan_(std::make_unique<Plan>()) {}

  std::unique_ptr<const Plan> run(const Expression& root) {
    plan_->root = plan(root);
    return std::move(plan_);
  }

 private:
  struct Scope {
    std::string_view name;
    uint32_t slot;
  };

  Node& make(Op op, const Expression& source) {
    Node& node = plan_->nodes.emplace_back(Node{.op = op});
    node.source = &source;
    return node;
  }
  const Node* constant(const Expression& source, Value value) {
    Node& node = make(Op::Constant, source);
    node.constant = std::move(value);
    return &node;
  }

  const Node* plan(const Expression& e) {
    switch (e.kind) {
      case Expression::Kind::Literal:
        return constant(e, e.literal);
      case Expression::Kind::Name:
        return name(e, e.reference);
      case Expression::Kind::Select: {
        if (!e.reference.empty()) return name(e, e.reference);
        const Node* operand = plan(*e.target);
        Node& node = make(e.test_only ? Op::Has : Op::Select, e);
        node.children = {operand};
        return &node;
      }
      case Expression::Kind::Call:
        return call(e);
      case Expression::Kind::List:
        return aggregate(Op::List, e);
      case Expression::Kind::Map:
        return aggregate(Op::Map, e);
      case Expression::Kind::Object:
        return aggregate(Op::Object, e);
      case Expression::Kind::Comprehension:
        return loop(e);
      case Expression::Kind::Error:
        break;
    }
    return constant(e, Value::error("invalid expression"));
  }

  const Node* name(const Expression& e, std::string_view reference) {
    for (auto at = scopes_.rbegin(); at != scopes_.rend(); ++at) {
      if (at->name != reference) continue;
      Node& node = make(Op::Local, e);
      node.slot = at->slot;
      node.free = reference == kOptionalTarget;
      return &node;
    }
    // A type's name has the type of a type.
    if (e.type->kind == Kind::Type) {
      if (TypeRef type = find_type_name(reference)) return constant(e, Value::of_type(std::move(type)));
      if (!e.type->parameters.empty() && e.type->parameters[0]->kind == Kind::Object) {
        return constant(e, Value::of_type(e.type->parameters[0]));
      }
    }
    auto& variables = plan_->variables;
    auto found = std::find(variables.begin(), variables.end(), reference);
    if (found == variables.end()) found = variables.insert(variables.end(), std::string(reference));
    auto slot = static_cast<uint32_t>(found - variables.begin());
    Node& node = make(Op::Variable, e);
    node.slot = slot;
    return &node;
  }

  const Node* call(const Expression& e) {
    std::vector<const Node*> children;
    if (e.target != nullptr && !e.static_call) children.push_back(plan(*e.target));
    Op op = operator_of(e.reference);
    for (const ExpressionPtr& argument : e.arguments) children.push_back(plan(*argument));
    if (const Node* folded = fold_conversion(e, children)) return folded;
    if (op == Op::In) children[1] = as_set(*e.arguments[1], children[1]);
    Node& node = make(op, e);
    node.children = std::move(children);
    return &node;
  }

  // duration('1h') is worked out once.
  const Node* fold_conversion(const Expression& e, const std::vector<const Node*>& children) {
    constexpr std::string_view kConversions[] = {"int",    "uint",  "double",    "bool",
                                                 "string", "bytes", "timestamp", "duration"};
    if (children.size() != 1 || children[0]->op != Op::Constant || e.overloads.size() != 1) return nullptr;
    if (std::find(std::begin(kConversions), std::end(kConversions), e.reference) == std::end(kConversions))
      return nullptr;
    const Overload& overload = *e.overloads[0];
    if (!fits(*overload.parameters[0], children[0]->constant)) return nullptr;
    Value value = overload.implementation({&children[0]->constant, 1});
    return value.is_error() ? nullptr : constant(e, std::move(value));
  }

  // A constant list to look for something in: found by hash.
  const Node* as_set(const Expression& e, const Node* list) {
    if (list->op != Op::Constant || list->constant.kind() != Kind::List) return list;
    MapBuilder set;
    for (size_t i = 0; i < list->constant.list_size(); ++i) {
      Value element = list->constant.list_at(i);
      switch (element.kind()) {
        case Kind::Bool:
        case Kind::Int:
        case Kind::Uint:
        case Kind::Double:
        case Kind::String:
          set.add(std::move(element), Value::of_bool(true));
          break;
        default:
          return list;
      }
    }
    return constant(e, std::move(set).finish());
  }

  const Node* aggregate(Op op, const Expression& e) {
    std::vector<const Node*> children;
    for (const ExpressionPtr& argument : e.arguments) children.push_back(plan(*argument));
    bool constants =
        std::all_of(children.begin(), children.end(), [](const Node* child) { return child->op == Op::Constant; });
    if (op == Op::List && constants && e.optional_entries.empty()) {
      std::vector<Value> elements;
      for (const Node* child : children) elements.push_back(child->constant);
      return constant(e, Value::of_list(std::move(elements)));
    }
    if (op == Op::Map && constants && e.optional_entries.empty()) {
      MapBuilder map;
      bool unique = true;
      for (size_t i = 0; i < children.size(); i += 2) {
        Kind kind = children[i]->constant.kind();
        unique = unique && kind != Kind::Double && kind != Kind::Null &&
                 map.add(children[i]->constant, children[i + 1]->constant);
      }
      if (unique) return constant(e, std::move(map).finish());
    }
    Node& node = make(op, e);
    node.children = std::move(children);
    return &node;
  }

  uint32_t place() {
    uint32_t slot = next_slot_++;
    plan_->locals = std::max(plan_->locals, next_slot_);
    return slot;
  }

  const Node* loop(const Expression& e) {
    const Comprehension& c = *e.comprehension;
    uint32_t outer_slot = next_slot_;
    size_t outer_scope = scopes_.size();
    Node node{.op = Op::Loop};
    node.source = &e;
    if (c.form == Comprehension::Form::Bind) {
      node.op = Op::Bind;
      const Node* initial = plan(*c.initial);
      node.result_slot = place();
      node.free = c.accumulator == kOptionalTarget;
      scopes_.push_back({c.accumulator, node.result_slot});
      node.children = {initial, plan(*c.result)};
    } else {
      const Node* range = plan(*c.range);
      const Node* initial = plan(*c.initial);
      node.result_slot = place();
      scopes_.push_back({c.accumulator, node.result_slot});
      size_t inner_scope = scopes_.size();
      node.two = !c.second_variable.empty();
      node.slot = place();
      scopes_.push_back({c.variable, node.slot});
      if (node.two) {
        node.second_slot = place();
        scopes_.push_back({c.second_variable, node.second_slot});
      }
      body(c, range, initial, inner_scope, node);
    }
    scopes_.resize(outer_scope);
    next_slot_ = outer_slot;
    return &plan_->nodes.emplace_back(std::move(node));
  }

  // The macros' steps are known, so that the accumulator need not be looked at in each round.
  void body(const Comprehension& c, const Node* range, const Node* initial, size_t inner_scope, Node& node) {
    if (c.form == Comprehension::Form::All || c.form == Comprehension::Form::Exists) {
      node.op = c.form == Comprehension::Form::All ? Op::All : Op::Exists;
      node.children = {range, plan(*c.step->arguments[1])};
      return;
    }
    if (c.form == Comprehension::Form::Collect || c.form == Comprehension::Form::Insert) {
      const Expression* step = c.step.get();
      const Node* filter = nullptr;
      if (step->name == "_?_:_") {
        filter = plan(*step->arguments[0]);
        step = step->arguments[1].get();
      }
      node.children = {range, filter};
      if (c.form == Comprehension::Form::Collect) {
        node.op = Op::Collect;
        node.children.push_back(plan(*step->arguments[1]->arguments[0]));
      } else {
        node.op = Op::Insert;
        for (size_t i = 1; i < step->arguments.size(); ++i) node.children.push_back(plan(*step->arguments[i]));
      }
      return;
    }
    const Node* condition = plan(*c.condition);
    const Node* step = plan(*c.step);
    scopes_.resize(inner_scope);
    node.children = {range, initial, condition, step, plan(*c.result)};
  }

  std::unique_ptr<Plan> plan_;
  std::vector<Scope> scopes_;  // innermost last
  uint32_t next_slot_ = 0;
};

}  // namespace

std::unique_ptr<const Plan> make_plan(const Expression& checked) {
  return Planner().run(checked);
}

}  // namespace cel
