#include "apiserver/admission/conditions.h"

#include "base/strings.h"

namespace apiserver {
namespace {

constexpr uint64_t kConditionsBudget = 2'500'000;  // upstream's, for all conditions of one hook or policy

}  // namespace

Conditions::Conditions(const std::vector<api::admissionregistration_k8s_io_v1::MatchCondition>& conditions,
                       bool with_params) {
  if (conditions.empty()) return;
  cel::Environment environment = cel::admission_environment({.with_params = with_params, .with_namespace = false});
  for (const auto& condition : conditions) {
    auto& one = conditions_.emplace_back();
    one.name = condition.name;
    auto program = environment.compile(condition.expression);
    if (program) {
      one.program = std::move(*program);
    } else {
      one.broken = program.error().message();
    }
  }
}

base::Result<bool> Conditions::judge(const cel::Activation& activation, cel::Budget& budget) const {
  std::string error;
  for (const auto& condition : conditions_) {
    if (condition.program == nullptr) {
      if (error.empty()) error = condition.broken;
      continue;
    }
    cel::Value verdict = condition.program->evaluate(activation, budget);
    if (verdict.is_error()) {
      if (error.empty()) error = base::cat({"match condition ", condition.name, ": ", verdict.error_message()});
    } else if (!verdict.is_true()) {
      return false;
    }
  }
  if (!error.empty()) return base::fail(base::Code::Invalid, std::move(error));
  return true;
}

io::Task<base::Result<bool>> Conditions::judge(const Attempt& attempt, const Served& version,
                                               const Authorizer& authorizer) const {
  if (conditions_.empty()) co_return true;
  CO_TRY(auto input, co_await ExpressionInput::of(attempt, version, authorizer, false));
  cel::Activation activation;
  input->fill(activation);
  for (;;) {
    cel::Budget budget{.limit = kConditionsBudget};
    auto verdict = judge(activation, budget);
    if (!co_await input->settle()) co_return verdict;
  }
}

}  // namespace apiserver
