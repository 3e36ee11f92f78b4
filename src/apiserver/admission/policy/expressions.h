// The expressions of one policy, compiled, and the variables that they share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/admission/expression_input.h"
#include "cel/environment.h"
#include "cel/program.h"

namespace apiserver::admission_policy {

constexpr uint64_t kPolicyBudget = 10'000'000;  // upstream's, for all expressions of a policy on one write

// One that does not compile fails whenever it is asked.
struct Expression {
  std::string source;
  cel::ProgramRef program;
  std::string broken;

  Expression() = default;
  Expression(const cel::Environment& environment, const std::string& source);
  bool empty() const { return source.empty(); }
  cel::Value evaluate(const cel::Activation& activation, cel::Budget& budget) const;
};

struct NamedExpression {
  std::string name;
  Expression expression;
};

// The environment of a policy's expressions; its variables become known as `variables.name`, each to those after it.
struct Compilation {
  cel::Environment environment;
  std::vector<NamedExpression> variables;
  Compilation(const std::vector<api::admissionregistration_k8s_io_v1::Variable>& given, bool with_params, bool mutates);
};

// Puts `variables` into the activation: each worked out when it is first asked for, once. All of it is borrowed.
void add_variables(cel::Activation& activation, const std::vector<NamedExpression>& variables, cel::Budget& budget);

}  // namespace apiserver::admission_policy
