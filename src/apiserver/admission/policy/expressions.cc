#include "apiserver/admission/policy/expressions.h"

#include <map>

namespace apiserver::admission_policy {
namespace {

class Variables final : public cel::LazyObject {
 public:
  Variables(const cel::Activation& activation, const std::vector<NamedExpression>& expressions, cel::Budget& budget)
      : activation_(activation), expressions_(expressions), budget_(budget) {}
  std::string_view type_name() const override { return "kubernetes.variables"; }

  std::optional<cel::Value> field(std::string_view name) const override {
    for (const auto& one : expressions_) {
      if (one.name != name) continue;
      auto [at, fresh] = known_.emplace(name, cel::Value::error("composited variable refers to itself"));
      if (fresh) at->second = one.expression.evaluate(activation_, budget_);
      return at->second;
    }
    return std::nullopt;
  }

 private:
  const cel::Activation& activation_;
  const std::vector<NamedExpression>& expressions_;
  cel::Budget& budget_;
  mutable std::map<std::string, cel::Value, std::less<>> known_;
};

}  // namespace

Expression::Expression(const cel::Environment& environment, const std::string& source) : source(source) {
  if (source.empty()) return;
  auto compiled = environment.compile(source);
  if (compiled) {
    program = std::move(*compiled);
  } else {
    broken = "compilation error: compilation failed: " + compiled.error().message();
  }
}

cel::Value Expression::evaluate(const cel::Activation& activation, cel::Budget& budget) const {
  if (program == nullptr) return cel::Value::error(broken);
  return program->evaluate(activation, budget);
}

Compilation::Compilation(const std::vector<api::admissionregistration_k8s_io_v1::Variable>& given, bool with_params,
                         bool mutates)
    : environment(cel::admission_environment({.with_params = with_params})) {
  environment.add_variable("variables", cel::dyn_type());
  if (mutates) environment.allow_mutation();
  for (const auto& variable : given) variables.push_back({variable.name, Expression(environment, variable.expression)});
}

void add_variables(cel::Activation& activation, const std::vector<NamedExpression>& variables, cel::Budget& budget) {
  activation.set("variables", cel::Value::of_lazy(std::make_shared<Variables>(activation, variables, budget)));
}

}  // namespace apiserver::admission_policy
