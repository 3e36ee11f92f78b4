#include "apiserver/registry/validation/admission_policy.h"

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/admission_parts.h"
#include "apiserver/registry/validation/common_names.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace admission = api::admissionregistration_k8s_io_v1;

constexpr size_t kAnnotationsMax = 20;
constexpr size_t kAnnotationBytesMax = 5 * 1024;
constexpr std::string_view kNoExpression = "expression is not specified";

bool is_blank(std::string_view text) {
  return base::trim(text).empty();
}

bool is_identifier(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !letter(text[0])) return false;
  if (!std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); })) return false;
  return !is_one_of(
      text, {"true", "false",  "null", "in",   "as",      "break",     "const",  "continue", "else", "for",  "function",
             "if",   "import", "let",  "loop", "package", "namespace", "return", "var",      "void", "while"});
}

void check_param_kind(Report& report, const admission::ParamKind& kind, const Place& at) {
  Place version_at(at, "apiVersion");
  auto version = split_group_version(kind.api_version);
  if (kind.api_version.empty()) {
    report.required(version_at);
  } else if (!version) {
    report.invalid(version_at, kind.api_version, base::cat({"unexpected GroupVersion string: ", kind.api_version}));
  } else {
    if (!version->group.empty()) {
      auto problems = schema::check_dns1123_subdomain(version->group);
      if (!problems.empty()) report.invalid(version_at, version->group, base::join(problems, ","));
    }
    if (version->version.empty()) {
      report.invalid(version_at, kind.api_version, "version must be specified");
    } else if (auto problems = schema::check_dns1035_label(version->version); !problems.empty()) {
      report.invalid(version_at, version->version, base::join(problems, ","));
    }
  }
  Place kind_at(at, "kind");
  if (kind.kind.empty()) {
    report.required(kind_at);
  } else if (auto problems = schema::check_dns1035_label(base::to_lower(kind.kind)); !problems.empty()) {
    report.invalid(kind_at, kind.kind,
                   base::cat({"may have mixed case, but should otherwise match: ", base::join(problems, ",")}));
  }
}

void check_variables(Report& report, const std::vector<admission::Variable>& variables, ExpressionScope& scope,
                     const Place& at) {
  for (size_t i = 0; i < variables.size(); ++i) {
    Place here(at, i);
    Place name(here, "name");
    if (is_blank(variables[i].name)) {
      report.required(name, "name is not specified");
    } else if (!is_identifier(variables[i].name)) {
      report.invalid(name, variables[i].name, "must be a valid CEL identifier");
    }
    Place expression(here, "expression");
    if (is_blank(variables[i].expression)) {
      report.required(expression, kNoExpression);
    } else {
      scope.add_variable(report, variables[i], expression);
    }
  }
}

void check_expression(Report& report, const std::string& expression, Gives gives, const ExpressionScope& scope,
                      const Place& at) {
  if (is_blank(expression)) {
    report.required(at, kNoExpression);
  } else {
    scope.check(report, expression, gives, at);
  }
}

void check_validation(Report& report, const admission::Validation& validation, const ExpressionScope& scope,
                      const Place& at) {
  check_expression(report, validation.expression, Gives::Bool, scope, Place(at, "expression"));
  if (!validation.message_expression.empty()) {
    Place expression(at, "messageExpression");
    if (is_blank(validation.message_expression)) {
      report.invalid(expression, validation.message_expression, "must be non-empty if specified");
    } else {
      scope.check(report, validation.message_expression, Gives::Text, expression);
    }
  }
  Place message(at, "message");
  bool breaks = base::trim(validation.message).find_first_of("\n\r") != std::string_view::npos;
  if (!validation.message.empty() && is_blank(validation.message)) {
    report.invalid(message, validation.message, "message must be non-empty if specified");
  } else if (breaks) {
    report.invalid(message, validation.message, "message must not contain line breaks");
  } else if (validation.message.empty() &&
             base::trim(validation.expression).find_first_of("\n\r") != std::string_view::npos) {
    report.required(message, "message must be specified if expression contains line breaks");
  }
  if (validation.reason) {
    report.one_of(Place(at, "reason"), *validation.reason, {"Forbidden", "Invalid", "RequestEntityTooLarge"});
  }
}

// Keys are prefixed by the policy's name, and have to be good with it.
void check_audit_annotations(Report& report, const std::vector<admission::AuditAnnotation>& annotations,
                             const std::string& policy, const ExpressionScope& scope, const Place& at) {
  if (annotations.size() > kAnnotationsMax) report.too_many(at, annotations.size(), kAnnotationsMax);
  std::set<std::string_view> keys;
  for (size_t i = 0; i < annotations.size(); ++i) {
    Place here(at, i);
    Place key(here, "key");
    check_qualified(report, policy.empty() ? annotations[i].key : base::cat({policy, "/", annotations[i].key}), key);
    std::string_view value = base::trim(annotations[i].value_expression);
    Place expression(here, "valueExpression");
    if (value.empty()) {
      report.required(expression, "valueExpression is not specified");
    } else if (value.size() > kAnnotationBytesMax) {
      report.required(expression,
                      base::cat({"must not exceed ", std::to_string(kAnnotationBytesMax), " bytes in length"}));
    } else {
      scope.check(report, value, Gives::TextOrNull, expression);
    }
    if (!keys.insert(annotations[i].key).second) report.duplicate(key, annotations[i].key);
  }
}

// What both sorts of policies begin with.
template <class Spec>
void check_matching(Report& report, const Spec& spec, ExpressionScope& scope, const Place& at) {
  Place failure(at, "failurePolicy");
  if (!spec.failure_policy) {
    report.required(failure);
  } else {
    report.one_of(failure, *spec.failure_policy, kFailurePolicies);
  }
  if (spec.param_kind) check_param_kind(report, *spec.param_kind, Place(at, "paramKind"));
  Place constraints(at, "matchConstraints");
  if (!spec.match_constraints) {
    report.required(constraints);
  } else {
    check_match_resources(report, *spec.match_constraints, SelectorValues::Checked, constraints);
    if (spec.match_constraints->resource_rules.empty()) report.required(Place(constraints, "resourceRules"));
  }
  check_match_conditions(report, spec.match_conditions, scope, Place(at, "matchConditions"));
  check_variables(report, spec.variables, scope, Place(at, "variables"));
}

void check_mutation(Report& report, const admission::Mutation& mutation, const ExpressionScope& scope,
                    const Place& at) {
  Place apply(at, "applyConfiguration");
  Place patch(at, "jsonPatch");
  auto check_part = [&](const auto& part, Gives gives, const Place& here) {
    if (!part) {
      report.required(here);
    } else {
      check_expression(report, part->expression, gives, scope, Place(here, "expression"));
    }
  };
  if (mutation.patch_type == "ApplyConfiguration") {
    check_part(mutation.apply_configuration, Gives::Object, apply);
    if (mutation.json_patch) report.forbidden(patch, "must not be specified when patchType is ApplyConfiguration");
  } else if (mutation.patch_type == "JSONPatch") {
    check_part(mutation.json_patch, Gives::Patches, patch);
    if (mutation.apply_configuration) report.forbidden(apply, "must not be specified when patchType is JSONPatch");
  } else {
    report.required_one_of(Place(at, "patchType"), mutation.patch_type, {"ApplyConfiguration", "JSONPatch"});
  }
}

void check_param_ref(Report& report, const admission::ParamRef& ref, const Place& at) {
  constexpr std::string_view kExclusive = "name and selector are mutually exclusive";
  Place name(at, "name");
  Place selector(at, "selector");
  if (!ref.name.empty()) {
    report.problems(name, ref.name, schema::check_path_segment(ref.name));
    if (ref.selector) {
      report.forbidden(name, kExclusive);
      report.forbidden(selector, kExclusive);
    }
  } else if (ref.selector) {
    check_label_selector(report, *ref.selector, selector);
  } else {
    report.required(at, "one of name or selector must be specified");
  }
  Place missing(at, "parameterNotFoundAction");
  if (!ref.parameter_not_found_action || ref.parameter_not_found_action->empty()) {
    report.required(missing);
  } else {
    report.one_of(missing, *ref.parameter_not_found_action, {"Allow", "Deny"});
  }
}

template <class Spec>
void check_binding(Report& report, const Spec& spec, const Place& at) {
  Place policy(at, "policyName");
  if (spec.policy_name.empty()) {
    report.required(policy);
  } else {
    check_subdomain(report, spec.policy_name, policy);
  }
  if (spec.param_ref) check_param_ref(report, *spec.param_ref, Place(at, "paramRef"));
  // Upstream's spelling of the field.
  if (spec.match_resources)
    check_match_resources(report, *spec.match_resources, SelectorValues::Checked, Place(at, "matchResouces"));
}

}  // namespace

schema::FieldErrors validate_policy(const admission::ValidatingAdmissionPolicy& next) {
  constexpr std::string_view kOne = "validations or auditAnnotations must contain at least one item";
  Report report;
  Place at("spec");
  const auto& spec = next.spec;
  ExpressionScope scope(spec.param_kind.has_value(), false);
  check_matching(report, spec, scope, at);
  Place validations(at, "validations");
  Place annotations(at, "auditAnnotations");
  if (spec.validations.empty() && spec.audit_annotations.empty()) {
    report.required(validations, kOne);
    report.required(annotations, kOne);
    return report.take();
  }
  for (size_t i = 0; i < spec.validations.size(); ++i)
    check_validation(report, spec.validations[i], scope, Place(validations, i));
  check_audit_annotations(report, spec.audit_annotations, next.metadata.name, scope, annotations);
  return report.take();
}

schema::FieldErrors validate_policy(const admission::MutatingAdmissionPolicy& next) {
  Report report;
  Place at("spec");
  const auto& spec = next.spec;
  ExpressionScope scope(spec.param_kind.has_value(), true);
  check_matching(report, spec, scope, at);
  Place mutations(at, "mutations");
  if (spec.mutations.empty()) report.required(mutations, "mutations must contain at least one item");
  for (size_t i = 0; i < spec.mutations.size(); ++i)
    check_mutation(report, spec.mutations[i], scope, Place(mutations, i));
  report.required_one_of(Place(at, "reinvocationPolicy"), spec.reinvocation_policy, kReinvocationPolicies);
  return report.take();
}

schema::FieldErrors validate_policy_status(const admission::ValidatingAdmissionPolicy& next) {
  Report report;
  Place at("status");
  if (next.status.type_checking) {
    Place checking(at, "typeChecking");
    Place warnings(checking, "expressionWarnings");
    const auto& all = next.status.type_checking->expression_warnings;
    for (size_t i = 0; i < all.size(); ++i) {
      Place here(warnings, i);
      if (all[i].warning.empty()) report.required(Place(here, "warning"));
      if (all[i].field_ref.empty()) report.required(Place(here, "fieldRef"));
    }
  }
  check_conditions(report, next.status.conditions, Place(at, "conditions"));
  return report.take();
}

schema::FieldErrors validate_policy_binding(const admission::ValidatingAdmissionPolicyBinding& next) {
  Report report;
  Place at("spec");
  check_binding(report, next.spec, at);
  Place actions(at, "validationActions");
  const auto& all = next.spec.validation_actions;
  if (all.empty()) {
    report.required(actions, "at least one validation action is required");
    return report.take();
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < all.size(); ++i) {
    report.one_of(Place(actions, i), all[i], {"Audit", "Deny", "Warn"});
    if (!seen.insert(all[i]).second) report.duplicate(Place(actions, i), all[i]);
  }
  if (seen.contains("Deny") && seen.contains("Warn")) {
    report.invalid(actions, bad_value(all),
                   "must not contain both Deny and Warn (repeating the same validation failure information in the API "
                   "response and "
                   "headers serves no purpose)");
  }
  return report.take();
}

schema::FieldErrors validate_policy_binding(const admission::MutatingAdmissionPolicyBinding& next) {
  Report report;
  check_binding(report, next.spec, Place("spec"));
  return report.take();
}

}  // namespace apiserver
