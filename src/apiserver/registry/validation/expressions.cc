#include "apiserver/registry/validation/expressions.h"

#include <algorithm>

#include "base/strings.h"
#include "cel/admission_environment.h"
#include "cel/device_environment.h"
#include "cel/program.h"

namespace apiserver {
namespace {

std::vector<cel::TypeRef> types_of(Gives gives) {
  switch (gives) {
    case Gives::Anything:
      return {};
    case Gives::Bool:
      return {cel::bool_type()};
    case Gives::Text:
      return {cel::string_type()};
    case Gives::TextOrNull:
      return {cel::string_type(), cel::null_type()};
    case Gives::Object:
      return {cel::object_type("Object")};
    case Gives::Patches:
      return {cel::list_type(cel::object_type("JSONPatch"))};
  }
  return {};
}

std::string failure_text(const base::Error& error) {
  return base::cat({"compilation failed: ", error.message()});
}

std::string mismatch_text(const std::vector<cel::TypeRef>& wanted, const cel::Type& found) {
  if (wanted.size() == 1)
    return base::cat({"must evaluate to ", wanted[0]->to_string(), " but got ", found.to_string()});
  std::string names;
  for (const auto& type : wanted) names += base::cat({names.empty() ? "" : " ", type->runtime_name()});
  return base::cat({"must evaluate to one of [", names, "] but got ", found.to_string()});
}

}  // namespace

ExpressionScope::ExpressionScope() : environment_(cel::admission_environment({})), complete_(environment_) {}

ExpressionScope::ExpressionScope(bool with_params, bool mutates)
    : environment_(cel::admission_environment({.with_params = with_params})) {
  if (mutates) environment_.allow_mutation();
  complete_ = cel::with_variables(environment_, variables_);
}

void ExpressionScope::check(Report& report, std::string_view expression, Gives gives, const Place& at) const {
  auto compiled = complete_.compile(expression);
  if (!compiled) {
    report.invalid(at, expression, failure_text(compiled.error()));
    return;
  }
  auto wanted = types_of(gives);
  const cel::Type& found = *(*compiled)->result_type();
  bool fits = wanted.empty() ||
              std::ranges::any_of(wanted, [&](const cel::TypeRef& type) { return cel::same_type(*type, found); });
  if (!fits) report.invalid(at, expression, mismatch_text(wanted, found));
}

void ExpressionScope::add_variable(Report& report, const api::admissionregistration_k8s_io_v1::Variable& variable,
                                   const Place& at) {
  auto compiled = complete_.compile(variable.expression);
  cel::TypeRef type = compiled ? (*compiled)->result_type() : cel::dyn_type();
  if (!compiled) report.invalid(at, variable.expression, failure_text(compiled.error()));
  std::erase_if(variables_, [&](const auto& one) { return one.first == variable.name; });
  variables_.emplace_back(variable.name, cel::declare(type));
  complete_ = cel::with_variables(environment_, variables_);
}

void check_device_expression(Report& report, std::string_view expression, const Place& at) {
  auto compiled = cel::device_environment().compile(expression);
  if (!compiled) {
    report.invalid(at, expression, failure_text(compiled.error()));
    return;
  }
  const cel::Type& found = *(*compiled)->result_type();
  if (found.kind == cel::Kind::Bool || found.kind == cel::Kind::Dyn) return;
  report.invalid(at, expression, base::cat({"must evaluate to bool or the unknown type, not ", found.to_string()}));
}

}  // namespace apiserver
