#include "cel/checker.h"

#include <optional>

#include "base/strings.h"
#include "cel/function.h"
#include "cel/inference.h"
#include "cel/literal_checks.h"

namespace cel {
namespace {

constexpr std::string_view kJsonPatch = "JSONPatch";

bool is_mutation_object(std::string_view name) {
  return name == "Object" || name.starts_with("Object.");
}

std::string_view without_dot(std::string_view name) {
  return name.starts_with('.') ? name.substr(1) : name;
}

class Checker {
 public:
  Checker(const Environment& environment, Issues& issues) : environment_(environment), issues_(issues) {}

  void check(Expression& e) {
    switch (e.kind) {
      case Expression::Kind::Error:
        return set(e, error_type());
      case Expression::Kind::Literal:
        return set(e, e.literal.type());
      case Expression::Kind::Name:
        return check_name(e);
      case Expression::Kind::Select:
        return check_select(e);
      case Expression::Kind::Call:
        return check_call(e);
      case Expression::Kind::List:
        return check_list(e);
      case Expression::Kind::Map:
        return check_map(e);
      case Expression::Kind::Object:
        return check_object(e);
      case Expression::Kind::Comprehension:
        return check_comprehension(e);
    }
  }

  // Type variables give way to what they stand for.
  void finish(Expression& e) {
    if (e.type != nullptr) e.type = inference_.resolve(e.type, true);
    if (e.target != nullptr) finish(*e.target);
    for (const ExpressionPtr& argument : e.arguments) finish(*argument);
    if (e.comprehension == nullptr) return;
    Comprehension& c = *e.comprehension;
    for (const ExpressionPtr* part : {&c.range, &c.initial, &c.condition, &c.step, &c.result}) finish(**part);
  }

 private:
  static void set(Expression& e, TypeRef type) { e.type = std::move(type); }
  TypeRef resolved(const Expression& e) const { return inference_.resolve(e.type, false); }
  std::string text(const TypeRef& type) const { return inference_.resolve(type, true)->to_string(); }
  void undeclared(const Expression& e, std::string_view name) {
    issues_.add(e.offset, base::cat({"undeclared reference to '", name, "' (in container '')"}));
  }
  void mismatch(const Expression& e, const TypeRef& expected, const TypeRef& actual) {
    issues_.add(e.offset, base::cat({"expected type '", text(expected), "' but found '", text(actual), "'"}));
  }

  TypeRef find_variable(std::string_view name) const {
    for (auto at = scopes_.rbegin(); at != scopes_.rend(); ++at) {
      if (at->first == name) return at->second;
    }
    const Environment::Variable* variable = environment_.find_variable(name);
    return variable == nullptr ? nullptr : variable->type;
  }
  // A variable, or a type by its name.
  TypeRef find_identifier(std::string_view name) const {
    if (TypeRef type = find_variable(name)) return type;
    if (TypeRef type = find_type_name(name)) return type_type(std::move(type));
    if (environment_.allows_mutation() && (is_mutation_object(name) || name == kJsonPatch)) {
      return type_type(object_type(std::string(name)));
    }
    return nullptr;
  }

  void check_name(Expression& e) {
    std::string_view name = without_dot(e.name);
    if (TypeRef type = find_identifier(name)) {
      e.reference = name;
      return set(e, std::move(type));
    }
    undeclared(e, e.name);
    set(e, error_type());
  }

  void check_select(Expression& e) {
    if (!e.test_only) {
      if (std::string name = qualified_name(e); !name.empty()) {
        std::string_view plain = without_dot(name);
        if (TypeRef type = find_identifier(plain)) {
          e.reference = plain;
          return set(e, std::move(type));
        }
      }
    }
    check(*e.target);
    TypeRef type = select_field(e, *e.target, e.name, false);
    set(e, e.test_only ? bool_type() : std::move(type));
  }

  TypeRef select_field(const Expression& e, const Expression& operand, std::string_view field, bool optional) {
    TypeRef target = resolved(operand);
    bool was_optional = is_optional(*target);
    if (was_optional) target = inference_.resolve(target->parameters[0], false);
    TypeRef result = dyn_type();
    if (target->kind == Kind::Map) {
      result = target->parameters[1];
    } else if (target->kind == Kind::Object) {
      result = field_type(e.offset, target->name, field);
    } else if (target->kind == Kind::Param) {
      inference_.assignable(dyn_type(), target);
    } else if (!is_dyn_or_error(*target) && !optional) {
      issues_.add(e.offset, base::cat({"type '", text(target), "' does not support field selection"}));
    }
    return was_optional || optional ? optional_type(std::move(result)) : result;
  }

  TypeRef field_type(uint32_t offset, std::string_view type_name, std::string_view field) {
    if (environment_.allows_mutation()) {
      if (is_mutation_object(type_name)) return dyn_type();
      if (type_name == kJsonPatch) {
        if (field == "op" || field == "path" || field == "from") return string_type();
        if (field == "value") return dyn_type();
      }
    }
    const Declaration* object = environment_.find_object(type_name);
    const FieldDeclaration* found = object == nullptr ? nullptr : object->find(field);
    if (found != nullptr && found->declaration != nullptr) return found->declaration->type;
    issues_.add(offset, base::cat({"undefined field '", field, "'"}));
    return error_type();
  }

  void check_call(Expression& e) {
    for (const ExpressionPtr& argument : e.arguments) check(*argument);
    if (e.name == "_?._") return check_optional_select(e);
    if (e.target == nullptr) {
      std::string_view name = without_dot(e.name);
      const Function* function = find_function(name);
      if (function == nullptr) {
        undeclared(e, e.name);
        return set(e, error_type());
      }
      e.reference = name;
      return resolve_overload(e, *function, nullptr);
    }
    if (std::string prefix = qualified_name(*e.target); !prefix.empty()) {
      std::string name = base::cat({without_dot(prefix), ".", e.name});
      if (const Function* function = find_function(name)) {
        e.static_call = true;
        e.reference = std::move(name);
        return resolve_overload(e, *function, nullptr);
      }
    }
    check(*e.target);
    const Function* function = find_function(e.name);
    if (function == nullptr) {
      undeclared(e, e.name);
      return set(e, error_type());
    }
    e.reference = e.name;
    resolve_overload(e, *function, e.target.get());
  }

  void check_optional_select(Expression& e) {
    e.reference = e.name;
    set(e, select_field(e, *e.arguments[0], e.arguments[1]->literal.as_string(), true));
  }

  void resolve_overload(Expression& e, const Function& function, const Expression* target) {
    std::vector<TypeRef> arguments;
    if (target != nullptr) arguments.push_back(target->type);
    for (const ExpressionPtr& argument : e.arguments) arguments.push_back(argument->type);
    TypeRef result;
    for (const Overload& overload : function.overloads) {
      if (overload.member != (target != nullptr) || overload.parameters.size() != arguments.size()) continue;
      std::map<std::string, TypeRef> names;
      std::vector<TypeRef> parameters;
      for (const TypeRef& parameter : overload.parameters)
        parameters.push_back(inference_.instantiate(parameter, names));
      if (!inference_.assignable(arguments, parameters)) continue;
      e.overloads.push_back(&overload);
      TypeRef given = inference_.resolve(inference_.instantiate(overload.result, names), false);
      if (result == nullptr) {
        result = std::move(given);
      } else if (!same_type(*result, *given)) {
        result = dyn_type();
      }
    }
    if (result != nullptr) return set(e, std::move(result));
    std::string signature;
    for (size_t i = target != nullptr ? 1 : 0; i < arguments.size(); ++i) {
      if (!signature.empty()) signature += ", ";
      signature += text(arguments[i]);
    }
    signature = base::cat({"(", signature, ")"});
    if (target != nullptr) signature = base::cat({text(arguments[0]), ".", signature});
    issues_.add(e.offset,
                base::cat({"found no matching overload for '", function.name, "' applied to '", signature, "'"}));
    set(e, error_type());
  }

  // The common type of the parts of an aggregate, which must be alike.
  TypeRef join(const Expression& at, const TypeRef& previous, const TypeRef& current) {
    if (previous == nullptr) return current;
    if (inference_.assignable(previous, current)) return most_general(previous, current);
    mismatch(at, previous, current);
    return error_type();
  }
  // What `?` lets through of an optional.
  TypeRef unwrap(const Expression& at, const TypeRef& type) {
    TypeRef known = inference_.resolve(type, false);
    if (is_optional(*known)) return known->parameters[0];
    if (!is_dyn_or_error(*known)) mismatch(at, optional_type(known), known);
    return known;
  }
  static bool is_optional_entry(const Expression& e, size_t i) {
    return i < e.optional_entries.size() && e.optional_entries[i];
  }

  void check_list(Expression& e) {
    TypeRef element;
    for (size_t i = 0; i < e.arguments.size(); ++i) {
      Expression& argument = *e.arguments[i];
      check(argument);
      TypeRef type = is_optional_entry(e, i) ? unwrap(argument, argument.type) : argument.type;
      element = join(argument, element, type);
    }
    if (element == nullptr) element = inference_.fresh_variable();
    set(e, list_type(std::move(element)));
  }

  void check_map(Expression& e) {
    TypeRef key_type;
    TypeRef value_type;
    for (size_t i = 0; i < e.arguments.size(); i += 2) {
      Expression& key = *e.arguments[i];
      Expression& value = *e.arguments[i + 1];
      check(key);
      key_type = join(key, key_type, key.type);
      check(value);
      TypeRef type = is_optional_entry(e, i / 2) ? unwrap(value, value.type) : value.type;
      value_type = join(value, value_type, type);
    }
    if (key_type == nullptr) {
      key_type = inference_.fresh_variable();
      value_type = inference_.fresh_variable();
    }
    set(e, map_type(std::move(key_type), std::move(value_type)));
  }

  void check_object(Expression& e) {
    std::string_view name = without_dot(e.name);
    TypeRef identifier = find_identifier(name);
    TypeRef type = error_type();
    if (identifier == nullptr) {
      undeclared(e, e.name);
    } else if (identifier->kind != Kind::Type) {
      issues_.add(e.offset, base::cat({"'", text(identifier), "' is not a type"}));
    } else if (identifier->parameters.empty() || identifier->parameters[0]->kind != Kind::Object) {
      issues_.add(e.offset, base::cat({"'", name, "' is not a message type"}));
    } else {
      type = identifier->parameters[0];
      e.reference = name;
    }
    for (size_t i = 0; i < e.arguments.size(); ++i) {
      Expression& value = *e.arguments[i];
      check(value);
      if (type->kind != Kind::Object) continue;
      TypeRef wanted = field_type(e.entry_offsets[i], type->name, e.field_names[i]);
      TypeRef given = is_optional_entry(e, i) ? unwrap(value, value.type) : value.type;
      if (!inference_.assignable(wanted, given)) {
        issues_.add(e.entry_offsets[i], base::cat({"expected type of field '", e.field_names[i], "' is '", text(wanted),
                                                   "' but provided type is '", text(given), "'"}));
      }
    }
    set(e, std::move(type));
  }

  void check_comprehension(Expression& e) {
    Comprehension& c = *e.comprehension;
    check(*c.range);
    check(*c.initial);
    TypeRef range = resolved(*c.range);
    TypeRef first = dyn_type();
    TypeRef second = dyn_type();
    bool two = !c.second_variable.empty();
    switch (range->kind) {
      case Kind::List:
        first = two ? int_type() : range->parameters[0];
        second = range->parameters[0];
        break;
      case Kind::Map:
        first = range->parameters[0];
        second = range->parameters[1];
        break;
      case Kind::Dyn:
      case Kind::Error:
        break;
      case Kind::Param:
        inference_.assignable(dyn_type(), range);
        break;
      default:
        issues_.add(c.range->offset,
                    base::cat({"expression of type '", text(range),
                               "' cannot be range of a comprehension (must be list, map, or dynamic)"}));
        first = second = error_type();
    }
    TypeRef accumulated = c.initial->type;
    size_t outer = scopes_.size();
    scopes_.emplace_back(c.accumulator, accumulated);
    size_t inner = scopes_.size();
    scopes_.emplace_back(c.variable, first);
    if (two) scopes_.emplace_back(c.second_variable, second);
    check(*c.condition);
    expect(*c.condition, bool_type());
    check(*c.step);
    expect(*c.step, accumulated);
    scopes_.resize(inner);
    check(*c.result);
    scopes_.resize(outer);
    set(e, resolved(*c.result));
  }
  void expect(const Expression& e, const TypeRef& type) {
    if (!inference_.assignable(type, e.type)) mismatch(e, type, e.type);
  }

  const Environment& environment_;
  Issues& issues_;
  Inference inference_;
  std::vector<std::pair<std::string, TypeRef>> scopes_;  // variables of loops, innermost last
};

}  // namespace

void check(Expression& expression, const Environment& environment, Issues& issues) {
  Checker checker(environment, issues);
  checker.check(expression);
  checker.finish(expression);
  if (issues.empty()) check_literals(expression, issues);
}

}  // namespace cel
