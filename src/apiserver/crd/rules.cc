#include "apiserver/crd/rules.h"

#include <algorithm>

#include "apiserver/crd/value_validation.h"
#include "base/strings.h"
#include "cel/environment.h"
#include "cel/value.h"
#include "schema/json.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using schema::Structural;
using schema::Value;

constexpr size_t kMessageBytesMax = 5120;

std::string trimmed(std::string_view text) {
  return std::string(base::trim(text));
}

void compile_message(CompiledRule& made, const std::string& expression, const cel::Environment& environment) {
  if (trimmed(expression).empty()) return;
  auto program = environment.compile(expression);
  if (!program) {
    made.message_error = base::cat({"messageExpression compilation failed: ", program.error().message()});
  } else if ((*program)->result_type()->kind != cel::Kind::String) {
    made.message_error = "messageExpression must evaluate to a string";
  } else {
    made.message_program = std::move(*program);
  }
}

CompiledRule compile_rule(const v1::ValidationRule& rule, const cel::DeclarationRef& declaration) {
  CompiledRule made{.rule = trimmed(rule.rule),
                    .message = trimmed(rule.message),
                    .field_path = trimmed(rule.field_path),
                    .reason = rule.reason.value_or("FieldValueInvalid"),
                    .program = nullptr,
                    .message_program = nullptr,
                    .error = {},
                    .message_error = {}};
  made.old_is_optional = rule.optional_old_self.value_or(false);
  if (made.field_path.starts_with('.')) made.field_path.erase(0, 1);
  cel::Environment environment;
  environment.add_variable("self", declaration);
  if (made.old_is_optional) {
    environment.add_optional_variable("oldSelf", declaration);
  } else {
    environment.add_variable("oldSelf", declaration);
  }
  auto program = environment.compile(rule.rule);
  if (!program) {
    made.error = base::cat({"compilation failed: ", program.error().message()});
  } else if ((*program)->result_type()->kind != cel::Kind::Bool) {
    made.error = "cel expression must evaluate to a bool";
  } else {
    made.uses_old = (*program)->uses("oldSelf");
    made.program = std::move(*program);
  }
  compile_message(made, rule.message_expression, environment);
  return made;
}

// What the value was given as: nothing is shown of objects and lists, which may be large.
FieldError error_of(const CompiledRule& rule, const FieldPath& path, const Value& value, std::string message) {
  bool is_hidden = value.is_object() || value.is_array();
  auto shown = value.is_string() ? schema::BadValue(value.as_string()) : schema::BadValue(value);
  if (rule.reason == "FieldValueForbidden") return FieldError::forbidden(path, message);
  if (rule.reason == "FieldValueRequired") return FieldError::required(path, message);
  if (rule.reason == "FieldValueDuplicate")
    return FieldError::duplicate(path, is_hidden ? schema::BadValue::json("") : shown);
  if (is_hidden) return FieldError::invalid(path, schema::BadValue::json(std::move(message)), "");
  return FieldError::invalid(path, shown, message);
}

std::string_view type_name(const Structural& schema) {
  if (!schema.type.empty()) return schema.type;
  return schema.int_or_string ? "integer or string" : "";
}

FieldPath child_of(const FieldPath& path, std::string_view name) {
  return path.empty() ? FieldPath(name) : path.child(name);
}

}  // namespace

cel::DeclarationRef declare_schema(const v1::JSONSchemaProps& schema, bool is_root) {
  auto tree = Value::parse(schema::to_json(schema));
  if (!tree) return nullptr;
  return cel::declare(*tree, {.resource_root = is_root || schema.x_kubernetes_embedded_resource});
}

std::vector<CompiledRule> compile_rules(const std::vector<v1::ValidationRule>& rules,
                                        const cel::DeclarationRef& declaration) {
  std::vector<CompiledRule> made;
  for (const auto& rule : rules) made.push_back(compile_rule(rule, declaration));
  return made;
}

RuleSet::Node RuleSet::make_node(const v1::JSONSchemaProps& schema, bool is_root) {
  Node node;
  if (!schema.x_kubernetes_validations.empty()) {
    node.declaration = declare_schema(schema, is_root);
    if (node.declaration) node.rules = compile_rules(schema.x_kubernetes_validations, node.declaration);
  }
  for (const auto& [name, property] : schema.properties) {
    Node below = make_node(property, false);
    if (!below.empty()) node.properties.emplace(name, std::move(below));
  }
  auto boxed = [](const v1::JSONSchemaProps& below) -> std::unique_ptr<Node> {
    Node made = make_node(below, false);
    return made.empty() ? nullptr : std::make_unique<Node>(std::move(made));
  };
  if (schema.items && schema.items->schema) node.items = boxed(*schema.items->schema);
  if (schema.additional_properties && schema.additional_properties->schema)
    node.additional = boxed(*schema.additional_properties->schema);
  return node;
}

std::unique_ptr<RuleSet> RuleSet::create(const v1::JSONSchemaProps& schema, bool is_root) {
  auto made = std::make_unique<RuleSet>();
  made->root_ = make_node(schema, is_root);
  return made->root_.empty() ? nullptr : std::move(made);
}

// One check of one object: what there is to spend is shared by all rules.
class RuleSet::Check {
 public:
  explicit Check(std::vector<std::string>* warnings) : warnings_(warnings) {}

  void run(const Node& node, const Value& value, const Structural& schema, const Value* old, const FieldPath& path) {
    if (spent_ || (value.is_null() && schema.nullable)) return;
    check_rules(node, value, schema, old, path);
    if (spent_) return;
    if (value.is_array() && node.items && schema.items) {
      const auto& elements = value.as_array();
      for (size_t i = 0; i < elements.size() && !spent_; ++i) {
        run(*node.items, elements[i], *schema.items, same_element(schema, elements[i], old), path.index(i));
      }
    } else if (value.is_object()) {
      bool correlates = old != nullptr && schema.map_type != schema::MapType::Atomic;
      for (const auto& member : value.as_object()) {
        const Value* before = correlates ? old->find(member.key) : nullptr;
        auto property = node.properties.find(member.key);
        auto declared = schema.properties.find(member.key);
        if (declared != schema.properties.end()) {
          if (property != node.properties.end())
            run(property->second, member.value, declared->second, before, child_of(path, member.key));
        } else if (node.additional && schema.additional) {
          run(*node.additional, member.value, *schema.additional, before,
              path.empty() ? FieldPath(member.key) : path.key(member.key));
        }
      }
    }
  }

  FieldErrors take() { return std::move(errors_); }

 private:
  void check_rules(const Node& node, const Value& value, const Structural& schema, const Value* old,
                   const FieldPath& path) {
    bool is_unchanged = old != nullptr && same_value(*old, value);
    for (const auto& rule : node.rules) {
      if (spent_) return;
      // Rules about changes look at every change; others let pass what was there.
      auto tell = [&](FieldError error) {
        if (rule.uses_old || !is_unchanged) {
          errors_.push_back(std::move(error));
        } else if (warnings_ != nullptr) {
          warnings_->push_back(error.to_string());
        }
      };
      if (rule.program == nullptr) {
        tell(FieldError::invalid(path, type_name(schema), base::cat({"rule compile error: ", rule.error})));
        continue;
      }
      if (rule.uses_old && old == nullptr && !rule.old_is_optional) continue;
      cel::Activation activation;
      activation.set("self", cel::Value::of(value, node.declaration.get()));
      set_old(activation, rule, node, old);
      cel::Budget call{.limit = std::min(cel::kPerCallLimit, budget_.limit - std::min(budget_.used, budget_.limit))};
      cel::Value result = rule.program->evaluate(activation, call);
      budget_.used += call.used;
      if (budget_.used > budget_.limit) {
        spent_ = true;
        errors_.push_back(FieldError::invalid(
            path, type_name(schema),
            "validation failed due to running out of cost budget, no further validation rules will be run"));
        return;
      }
      if (result.is_error()) {
        tell_failure(tell, rule, schema, path, result);
      } else if (!result.is_true()) {
        auto at = rule.field_path.empty() ? path : child_of(path, rule.field_path);
        tell(error_of(rule, at, value, message_of(rule, activation)));
      }
    }
  }

  static void set_old(cel::Activation& activation, const CompiledRule& rule, const Node& node, const Value* old) {
    std::optional<cel::Value> before;
    if (old != nullptr) before = cel::Value::of(*old, node.declaration.get());
    if (rule.old_is_optional) {
      activation.set("oldSelf", cel::Value::of_optional(std::move(before)));
    } else if (before) {
      activation.set("oldSelf", std::move(*before));
    }
  }

  template <class Tell>
  void tell_failure(const Tell& tell, const CompiledRule& rule, const Structural& schema, const FieldPath& path,
                    const cel::Value& result) {
    const std::string& why = result.error_message();
    if (result.failure() == cel::Failure::CostLimit) {
      spent_ = true;
      errors_.push_back(FieldError::invalid(
          path, type_name(schema),
          base::cat({why, ": no further validation rules will be run due to call cost exceeds limit for rule: ",
                     rule.rule})));
    } else if (why.starts_with("no such overload")) {
      tell(FieldError::invalid(
          path, type_name(schema),
          base::cat({"'", why,
                     "': call arguments did not match a supported operator, function or macro signature for rule: ",
                     rule.rule})));
    } else {
      tell(FieldError::invalid(path, type_name(schema), base::cat({why, " evaluating rule: ", rule.rule})));
    }
  }

  // What the rule's expression makes of it; where that fails, what is said always.
  std::string message_of(const CompiledRule& rule, const cel::Activation& activation) {
    if (rule.message_program != nullptr) {
      cel::Budget call;
      cel::Value made = rule.message_program->evaluate(activation, call);
      budget_.used += call.used;
      if (made.kind() == cel::Kind::String) {
        std::string text = trimmed(made.as_string());
        if (!text.empty() && text.size() <= kMessageBytesMax && text.find_first_of("\r\n") == std::string::npos)
          return text;
      }
    }
    return rule.message.empty() ? base::cat({"failed rule: ", rule.rule}) : rule.message;
  }

  cel::Budget budget_{.limit = cel::kRuntimeBudget};
  bool spent_ = false;
  FieldErrors errors_;
  std::vector<std::string>* const warnings_;
};

FieldErrors RuleSet::check(const Value& value, const Structural& structural, const Value* old, const FieldPath& path,
                           std::vector<std::string>* warnings) const {
  Check check(warnings);
  check.run(root_, value, structural, old, path);
  return check.take();
}

}  // namespace apiserver::crd
