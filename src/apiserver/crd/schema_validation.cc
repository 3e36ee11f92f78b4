#include "apiserver/crd/schema_validation.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "apiserver/crd/internal_form.h"
#include "apiserver/crd/json_path.h"
#include "apiserver/crd/rule_cost.h"
#include "apiserver/crd/rules.h"
#include "apiserver/crd/structural_rules.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using Schema = v1::JSONSchemaProps;

constexpr std::string_view kTypes[] = {"array", "boolean", "integer", "number", "object", "string"};
constexpr std::string_view kReasons[] = {"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid",
                                         "FieldValueRequired"};

std::vector<std::string> texts(std::span<const std::string_view> views) {
  return {views.begin(), views.end()};
}

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

// Go's words for what RE2 says is wrong.
std::string regex_complaint(const re2::RE2& regex) {
  std::string_view what = [&]() -> std::string_view {
    switch (regex.error_code()) {
      case re2::RE2::ErrorBadEscape:
        return "invalid escape sequence";
      case re2::RE2::ErrorBadCharClass:
        return "invalid character class";
      case re2::RE2::ErrorBadCharRange:
        return "invalid character class range";
      case re2::RE2::ErrorMissingBracket:
        return "missing closing ]";
      case re2::RE2::ErrorMissingParen:
        return "missing closing )";
      case re2::RE2::ErrorUnexpectedParen:
        return "unexpected )";
      case re2::RE2::ErrorTrailingBackslash:
        return "trailing backslash at end of expression";
      case re2::RE2::ErrorRepeatArgument:
        return "missing argument to repetition operator";
      case re2::RE2::ErrorRepeatSize:
        return "invalid repeat count";
      case re2::RE2::ErrorRepeatOp:
        return "invalid nested repetition operator";
      case re2::RE2::ErrorBadPerlOp:
        return "invalid or unsupported Perl syntax";
      case re2::RE2::ErrorBadUTF8:
        return "invalid UTF-8";
      case re2::RE2::ErrorBadNamedCapture:
        return "invalid named capture";
      default:
        return "regexp/syntax: internal error";
    }
  }();
  // Of a trailing backslash and a missing parenthesis Go shows the whole.
  bool whole =
      regex.error_code() == re2::RE2::ErrorMissingParen || regex.error_code() == re2::RE2::ErrorUnexpectedParen;
  if (regex.error_code() == re2::RE2::ErrorTrailingBackslash)
    return base::cat({"error parsing regexp: ", what, ": ``"});
  return base::cat({"error parsing regexp: ", what, ": `", whole ? regex.pattern() : regex.error_arg(), "`"});
}

// What is known about the place of a schema within the whole.
struct Setting {
  bool is_root = false;
  bool inside_metadata = false;
  std::string no_defaults;                  // why there must be none
  std::optional<FieldPath> uncorrelated;    // the outermost part of which old and new cannot be matched
  std::optional<uint64_t> cardinality = 1;  // how many values it describes at most; nothing: who knows
  bool checks_rules = true;
};

class Checker {
 public:
  explicit Checker(bool checks_rules) : checks_rules_(checks_rules) {}

  void check(const Schema& schema, const FieldPath& path, const Setting& setting);

  FieldErrors take() {
    append(errors_, std::move(rule_errors_));
    return std::move(errors_);
  }
  const CostTotal& cost() const { return cost_; }

 private:
  void check_fields(const Schema& schema, const FieldPath& path, const Setting& setting);
  void check_below(const Schema& schema, const FieldPath& path, const Setting& setting);
  void check_lists(const Schema& schema, const FieldPath& path);
  void check_list_map(const Schema& schema, const FieldPath& path);
  void check_rule_texts(const Schema& schema, const FieldPath& path);
  void check_rules(const Schema& schema, const FieldPath& path, const Setting& setting);
  void check_rule(const Schema& schema, size_t index, const CompiledRule& rule, const RuleCost& cost,
                  const FieldPath& at, const Setting& setting);

  void invalid(const FieldPath& path, const BadValue& value, std::string_view why) {
    errors_.push_back(FieldError::invalid(path, value, why));
  }
  void required(const FieldPath& path, std::string_view why) { errors_.push_back(FieldError::required(path, why)); }
  void forbidden(const FieldPath& path, std::string_view why) { errors_.push_back(FieldError::forbidden(path, why)); }
  void not_supported(const FieldPath& path, const BadValue& value, std::span<const std::string_view> supported) {
    errors_.push_back(FieldError::not_supported(path, value, texts(supported)));
  }

  const bool checks_rules_;
  FieldErrors errors_, rule_errors_;
  CostTotal cost_;
};

void Checker::check_fields(const Schema& schema, const FieldPath& path, const Setting& setting) {
  if (!schema.default_.empty() && !setting.no_defaults.empty()) {
    forbidden(path.child("default"), base::cat({"must not be set ", setting.no_defaults}));
  }
  auto unsupported = [&](bool is_set, std::string_view name) {
    if (is_set) forbidden(path.child(name), base::cat({name, " is not supported"}));
  };
  unsupported(!schema.id.empty(), "id");
  unsupported(schema.additional_items.has_value(), "additionalItems");
  unsupported(!schema.pattern_properties.empty(), "patternProperties");
  unsupported(!schema.definitions.empty(), "definitions");
  unsupported(!schema.dependencies.empty(), "dependencies");
  unsupported(schema.ref.has_value(), "$ref");
  if (schema.type == "null") {
    forbidden(path.child("type"), "type cannot be set to null, use nullable as an alternative");
  }
  if (schema.items && !schema.items->j_son_schemas.empty()) {
    forbidden(path.child("items"), "items must be a schema object and not an array");
  }
  if (setting.inside_metadata && schema.x_kubernetes_embedded_resource) {
    forbidden(path.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
  }
  if (!schema.type.empty() && std::ranges::find(kTypes, schema.type) == std::end(kTypes)) {
    not_supported(path.child("type"), schema.type, kTypes);
  }
  if (!schema.pattern.empty()) {
    re2::RE2 regex(schema.pattern, re2::RE2::Quiet);
    if (!regex.ok()) {
      invalid(path.child("pattern"), schema.pattern,
              base::cat({"must be a valid regular expression, but isn't: ", regex_complaint(regex)}));
    }
  }
  if (schema.unique_items) {
    forbidden(path.child("uniqueItems"),
              "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  }
}

void Checker::check_below(const Schema& schema, const FieldPath& path, const Setting& setting) {
  auto below = setting;
  below.is_root = false;
  auto times = [&](std::optional<int64_t> most) -> std::optional<uint64_t> {
    if (!setting.cardinality || !most) return std::nullopt;
    return multiply(*setting.cardinality, static_cast<uint64_t>(std::max<int64_t>(*most, 0)));
  };
  if (schema.additional_properties) {
    const auto& additional = *schema.additional_properties;
    if (!schema.properties.empty() && (!additional.allows || additional.schema)) {
      forbidden(path.child("additionalProperties"), "additionalProperties and properties are mutual exclusive");
    }
    if (additional.schema) {
      auto inner = below;
      if (setting.inside_metadata) inner.no_defaults = "inside additionalProperties applying to object metadata";
      inner.cardinality = times(schema.max_properties);
      check(*additional.schema, path.child("additionalProperties"), inner);
    }
  }
  for (const auto& [name, property] : schema.properties) {
    auto inner = below;
    if (schema.x_kubernetes_map_type == "atomic" && !inner.uncorrelated) inner.uncorrelated = path;
    bool is_meta = name == "metadata" || name == "kind" || name == "apiVersion";
    if (is_meta && (setting.is_root || schema.x_kubernetes_embedded_resource)) {
      inner.inside_metadata = true;
      if (setting.is_root) inner.no_defaults = base::cat({"in top-level ", name});
    }
    check(property, path.child("properties").key(name), inner);
  }
  auto logical = below;
  logical.checks_rules = false;
  if (schema.not_) check(*schema.not_, path.child("not"), logical);
  auto each = [&](const std::vector<Schema>& list, std::string_view name) {
    for (size_t i = 0; i < list.size(); ++i) check(list[i], path.child(name).index(i), logical);
  };
  each(schema.all_of, "allOf");
  each(schema.one_of, "oneOf");
  each(schema.any_of, "anyOf");
  for (const auto& [name, definition] : schema.definitions)
    check(definition, path.child("definitions").key(name), logical);
  if (schema.items) {
    auto inner = below;
    if (schema.x_kubernetes_list_type != "map" && !inner.uncorrelated) inner.uncorrelated = path;
    inner.cardinality = times(schema.max_items);
    if (schema.items->schema) check(*schema.items->schema, path.child("items"), inner);
    for (size_t i = 0; i < schema.items->j_son_schemas.size(); ++i)
      check(schema.items->j_son_schemas[i], path.child("items").index(i), inner);
  }
  for (const auto& [name, dependency] : schema.dependencies) {
    if (dependency.schema) check(*dependency.schema, path.child("dependencies").key(name), logical);
  }
}

void Checker::check_lists(const Schema& schema, const FieldPath& path) {
  auto type_must_be = [&](std::string_view type, std::string_view extension) {
    std::string why = base::cat({"must be ", type, " if ", extension, " is specified"});
    schema.type.empty() ? required(path.child("type"), why) : invalid(path.child("type"), schema.type, why);
  };
  if (schema.x_kubernetes_preserve_unknown_fields == false) {
    invalid(path.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
  }
  if (const auto& map_type = schema.x_kubernetes_map_type) {
    if (schema.type != "object") type_must_be("object", "x-kubernetes-map-type");
    constexpr std::string_view kMapTypes[] = {"atomic", "granular"};
    if (*map_type != "atomic" && *map_type != "granular")
      not_supported(path.child("x-kubernetes-map-type"), *map_type, kMapTypes);
  }
  const auto& list_type = schema.x_kubernetes_list_type;
  const Schema* items = schema.items && schema.items->schema ? schema.items->schema.get() : nullptr;
  if (list_type && schema.type != "array") {
    type_must_be("array", "x-kubernetes-list-type");
  } else if (list_type == "set" && items != nullptr) {
    constexpr std::string_view kWhy = "must be atomic as item of a list with x-kubernetes-list-type=set";
    auto shown = items->x_kubernetes_list_type ? BadValue(*items->x_kubernetes_list_type) : BadValue();
    if (items->type == "array" && items->x_kubernetes_list_type && *items->x_kubernetes_list_type != "atomic") {
      invalid(path.child("items").child("x-kubernetes-list-type"), shown, kWhy);
    }
    if (items->type == "object" && items->x_kubernetes_map_type != "atomic") {
      invalid(path.child("items").child("x-kubernetes-map-type"), shown, kWhy);
    }
  }
  if (list_type && *list_type != "atomic" && *list_type != "set" && *list_type != "map") {
    constexpr std::string_view kListTypes[] = {"atomic", "set", "map"};
    not_supported(path.child("x-kubernetes-list-type"), *list_type, kListTypes);
  }
  if (!schema.x_kubernetes_list_map_keys.empty() && list_type != "map") {
    constexpr std::string_view kWhy = "must be map if x-kubernetes-list-map-keys is non-empty";
    auto at = path.child("x-kubernetes-list-type");
    list_type ? invalid(at, *list_type, kWhy) : required(at, kWhy);
  }
  if (list_type == "map") check_list_map(schema, path);
  if (items == nullptr || (list_type != "set" && list_type != "map")) return;
  if (items->nullable) {
    forbidden(path.child("items").child("nullable"),
              base::cat({"cannot be nullable when x-kubernetes-list-type is ", *list_type}));
  }
  if (list_type != "map") return;
  for (const auto& key : schema.x_kubernetes_list_map_keys) {
    auto property = items->properties.find(key);
    if (property == items->properties.end()) continue;
    auto at = path.child("items").child("properties").key(key);
    bool is_required = std::ranges::find(items->required, key) != items->required.end();
    if (!is_required && property->second.default_.empty()) {
      required(at.child("default"),
               "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
    }
    if (property->second.nullable) {
      forbidden(at.child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
    }
  }
}

void Checker::check_list_map(const Schema& schema, const FieldPath& path) {
  const auto& keys = schema.x_kubernetes_list_map_keys;
  if (keys.empty())
    required(path.child("x-kubernetes-list-map-keys"), "must not be empty if x-kubernetes-list-type is map");
  if (!schema.items) {
    required(path.child("items"), "must have a schema if x-kubernetes-list-type is map");
    return;
  }
  if (!schema.items->schema) {
    invalid(path.child("items"), BadValue::json(schema::to_json(*schema.items)),
            "must only have a single schema if x-kubernetes-list-type is map");
    return;
  }
  const Schema& items = *schema.items->schema;
  if (items.type != "object") {
    invalid(path.child("items").child("type"), items.type,
            "must be object if parent array's x-kubernetes-list-type is map");
    return;
  }
  auto at = path.child("x-kubernetes-list-map-keys");
  std::set<std::string> seen;
  for (const auto& key : keys) {
    auto property = items.properties.find(key);
    if (property == items.properties.end()) {
      invalid(at, BadValue::json(internal_form(keys)), "entries must all be names of item properties");
    } else if (property->second.type == "array" || property->second.type == "object") {
      invalid(path.child("items").child("properties").key(key).child("type"), items.type,
              "must be a scalar type if parent array's x-kubernetes-list-type is map");
    }
    if (!seen.insert(key).second)
      invalid(at, BadValue::json(internal_form(keys)), "must not contain duplicate entries");
  }
}

void Checker::check_rule_texts(const Schema& schema, const FieldPath& path) {
  for (size_t i = 0; i < schema.x_kubernetes_validations.size(); ++i) {
    const auto& rule = schema.x_kubernetes_validations[i];
    auto at = path.child("x-kubernetes-validations").index(i);
    auto expression = base::trim(rule.rule), message = base::trim(rule.message), field = base::trim(rule.field_path);
    if (expression.empty()) {
      required(at.child("rule"), "rule is not specified");
    } else if (!rule.message.empty() && message.empty()) {
      invalid(at.child("message"), rule.message, "must be non-empty if specified");
    } else if (has_line_break(message)) {
      invalid(at.child("message"), rule.message, "must not contain line breaks");
    } else if (has_line_break(expression) && message.empty()) {
      required(at.child("message"), "must be specified if rule contains line breaks");
    }
    if (!rule.message_expression.empty() && base::trim(rule.message_expression).empty()) {
      required(at.child("messageExpression"), "must be non-empty if specified");
    }
    if (rule.reason && std::ranges::find(kReasons, *rule.reason) == std::end(kReasons))
      not_supported(at.child("reason"), *rule.reason, kReasons);
    if (rule.field_path.empty()) continue;
    if (field.empty()) {
      invalid(at.child("fieldPath"), rule.field_path, "must be non-empty if specified");
    } else if (has_line_break(rule.field_path)) {
      invalid(at.child("fieldPath"), rule.field_path, "must not contain line breaks");
    } else {
      auto parsed = JsonPath::parse(rule.field_path);
      auto names = parsed ? parsed->names() : std::nullopt;
      bool leads = names && !names->empty() && (field.front() == '.' || field.front() == '[') &&
                   schema_at(schema, *names) != nullptr;
      if (!leads) invalid(at.child("fieldPath"), rule.field_path, "must be a valid path");
    }
  }
}

void Checker::check_rules(const Schema& schema, const FieldPath& path, const Setting& setting) {
  auto declaration = declare_schema(schema, setting.is_root);
  if (declaration == nullptr) {
    rule_errors_.push_back(
        FieldError::internal(path.child("x-kubernetes-validations"),
                             "internal error: failed to retrieve type information for x-kubernetes-validations"));
    return;
  }
  auto rules = compile_rules(schema.x_kubernetes_validations, declaration);
  for (size_t i = 0; i < rules.size(); ++i) {
    check_rule(schema, i, rules[i], estimate(rules[i], *declaration, setting.cardinality),
               path.child("x-kubernetes-validations").index(i), setting);
  }
}

void Checker::check_rule(const Schema& schema, size_t index, const CompiledRule& rule, const RuleCost& cost,
                         const FieldPath& at, const Setting& setting) {
  const auto& source = schema.x_kubernetes_validations[index];
  auto tell = [&](FieldError error) { rule_errors_.push_back(std::move(error)); };
  if (cost.rule > cel::kStaticLimit) {
    tell(FieldError::forbidden(at.child("rule"), cost_complaint("estimated rule cost", cost.rule, cel::kStaticLimit)));
  }
  if (cost.message > cel::kStaticLimit) {
    tell(FieldError::forbidden(at.child("messageExpression"),
                               cost_complaint("estimated messageExpression cost", cost.message, cel::kStaticLimit)));
  }
  cost_.add(at.child("rule"), cost.rule);
  if (!rule.error.empty())
    tell(FieldError::invalid(at.child("rule"), BadValue::json(internal_form(source)), rule.error));
  if (!rule.message_error.empty()) {
    tell(FieldError::invalid(at.child("messageExpression"), BadValue::json(internal_form(source)), rule.message_error));
  }
  if (rule.uses_old && setting.uncorrelated) {
    tell(FieldError::invalid(at.child("rule"), source.rule,
                             base::cat({"oldSelf cannot be used on the uncorrelatable portion of the schema within ",
                                        setting.uncorrelated->text()})));
  }
  if (!rule.uses_old && source.optional_old_self) {
    tell(FieldError::invalid(at.child("optionalOldSelf"), *source.optional_old_self,
                             "may not be set if oldSelf is not used in rule"));
  }
}

void Checker::check(const Schema& schema, const FieldPath& path, const Setting& setting) {
  size_t before = errors_.size();
  check_fields(schema, path, setting);
  check_below(schema, path, setting);
  check_lists(schema, path);
  check_rule_texts(schema, path);
  // Of a schema that is wrong there is no use in telling what rules cannot make of it.
  bool is_fine = errors_.size() == before;
  if (is_fine && checks_rules_ && setting.checks_rules && !schema.x_kubernetes_validations.empty())
    check_rules(schema, path, setting);
}

// With a status of its own, a schema says nothing about the whole but by its properties.
void check_root_for_status(FieldErrors& errors, const Schema& schema, const FieldPath& path) {
  if (!schema.type.empty() && schema.type != "object") {
    errors.push_back(FieldError::invalid(
        path.child("type"), schema.type,
        "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled"));
    return;
  }
  Schema rest = schema;
  Schema none;
  auto allow = [&](auto field) { rest.*field = none.*field; };
  allow(&Schema::description), allow(&Schema::type), allow(&Schema::format), allow(&Schema::title),
      allow(&Schema::maximum);
  allow(&Schema::exclusive_maximum), allow(&Schema::minimum), allow(&Schema::exclusive_minimum),
      allow(&Schema::max_length);
  allow(&Schema::min_length), allow(&Schema::pattern), allow(&Schema::max_items), allow(&Schema::min_items);
  allow(&Schema::unique_items), allow(&Schema::multiple_of), allow(&Schema::required), allow(&Schema::items);
  allow(&Schema::properties), allow(&Schema::external_docs), allow(&Schema::example);
  allow(&Schema::x_kubernetes_preserve_unknown_fields), allow(&Schema::x_kubernetes_validations);
  if (rest == none) return;
  errors.push_back(FieldError::invalid(path, BadValue::json(internal_form(schema)),
                                       "only [Description Type Format Title Maximum ExclusiveMaximum Minimum "
                                       "ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems "
                                       "UniqueItems MultipleOf Required Items Properties ExternalDocs Example "
                                       "XPreserveUnknownFields XValidations] fields are allowed at the root "
                                       "of the schema if the status subresource is enabled"));
}

}  // namespace

const Schema* schema_at(const Schema& schema, const std::vector<std::string>& names) {
  const Schema* at = &schema;
  for (const auto& name : names) {
    auto property = at->properties.find(name);
    if (property != at->properties.end()) {
      at = &property->second;
    } else if (at->additional_properties && at->additional_properties->schema) {
      at = at->additional_properties->schema.get();
    } else {
      return nullptr;
    }
  }
  return at;
}

FieldErrors validate_schema(const v1::CustomResourceValidation& validation, bool has_status, const FieldPath& path) {
  FieldErrors errors;
  if (!validation.open_api_v3_schema) return errors;
  const Schema& schema = *validation.open_api_v3_schema;
  auto at = path.child("openAPIV3Schema");
  if (has_status) check_root_for_status(errors, schema, at);
  if (schema.nullable)
    errors.push_back(FieldError::forbidden(at.child("nullable"), "nullable cannot be true at the root"));
  auto structural = validate_structural(schema, at);
  if (structural.empty()) structural = validate_defaults(schema, at);
  bool is_structural = structural.empty();
  append(errors, std::move(structural));
  Checker checker(is_structural);
  checker.check(schema, at, {.is_root = true, .no_defaults = {}, .uncorrelated = {}});
  append(errors, checker.take());
  append(errors, checker.cost().complaints(at));
  return errors;
}

}  // namespace apiserver::crd
