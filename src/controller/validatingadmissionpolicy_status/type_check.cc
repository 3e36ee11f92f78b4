#include "controller/validatingadmissionpolicy_status/type_check.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "cel/admission_environment.h"
#include "cel/program.h"

namespace controller::policy_status {
namespace {

// A kind with what expressions see when a write is about it.
struct Checker {
  KindName kind;
  cel::Environment environment;
};

Checker make_checker(const ValidatingAdmissionPolicySpec& spec, KindName kind, cel::DeclarationRef object,
                     cel::DeclarationRef params) {
  auto plain = cel::admission_environment(
      {.with_params = params != nullptr, .object = std::move(object), .params = std::move(params)});
  std::vector<std::pair<std::string, cel::DeclarationRef>> variables;
  Checker checker{std::move(kind), cel::with_variables(plain, variables)};
  for (const auto& variable : spec.variables) {
    auto compiled = checker.environment.compile(variable.expression);
    variables.emplace_back(variable.name, cel::declare(compiled ? (*compiled)->result_type() : cel::dyn_type()));
    checker.environment = cel::with_variables(plain, variables);
  }
  return checker;
}

bool has_wildcard(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return name.find('*') != name.npos; });
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string KindName::text() const {
  return base::cat({group, group.empty() ? "" : "/", version, ", Kind=", kind});
}

std::vector<KindName> kinds_to_check(const ValidatingAdmissionPolicySpec& spec, const Schemas& schemas) {
  std::set<KindName> kinds;
  if (!spec.match_constraints) return {};
  for (const auto& rule : spec.match_constraints->resource_rules) {
    if (has_wildcard(rule.api_groups) || has_wildcard(rule.api_versions)) continue;
    for (const auto& group : sorted(rule.api_groups)) {
      for (const auto& version : sorted(rule.api_versions)) {
        for (const auto& resource : sorted(rule.resources)) {
          if (resource.find_first_of("*/") != resource.npos || kinds.size() >= kTypesMax) continue;
          if (auto kind = schemas.kind_of(group, version, resource)) kinds.insert(std::move(*kind));
        }
      }
    }
  }
  return {kinds.begin(), kinds.end()};
}

std::vector<ExpressionWarning> check_types(const ValidatingAdmissionPolicySpec& spec, const Schemas& schemas) {
  cel::DeclarationRef params;
  if (spec.param_kind) {
    std::string_view version = spec.param_kind->api_version;
    size_t slash = version.find('/');
    std::string_view group = slash == version.npos ? std::string_view() : version.substr(0, slash);
    if (slash != version.npos) version.remove_prefix(slash + 1);
    params = schemas.declaration_of({std::string(group), std::string(version), spec.param_kind->kind});
  }
  std::vector<Checker> checkers;
  for (KindName& kind : kinds_to_check(spec, schemas)) {
    auto object = schemas.declaration_of(kind);
    if (object != nullptr) checkers.push_back(make_checker(spec, std::move(kind), std::move(object), params));
  }
  std::vector<ExpressionWarning> warnings;
  auto check = [&](std::string field, std::string_view expression) {
    std::string text;
    for (const Checker& checker : checkers) {
      auto compiled = checker.environment.compile(expression);
      if (compiled) continue;
      text += base::cat({text.empty() ? "" : "\n", checker.kind.text(), ": ", compiled.error().message(), "\n"});
    }
    if (!text.empty()) warnings.push_back({.field_ref = std::move(field), .warning = std::move(text)});
  };
  for (size_t i = 0; i < spec.validations.size(); i++) {
    std::string at = base::cat({"spec.validations[", std::to_string(i), "]."});
    check(at + "expression", spec.validations[i].expression);
    if (!spec.validations[i].message_expression.empty()) {
      check(at + "messageExpression", spec.validations[i].message_expression);
    }
  }
  return warnings;
}

}  // namespace controller::policy_status
