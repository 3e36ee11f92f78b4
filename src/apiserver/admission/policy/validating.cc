// ValidatingAdmissionPolicy: rules about writes, as expressions. Kubernetes documentation, "Validating Admission
// Policy".

#include <algorithm>

#include "apiserver/admission/compiled.h"
#include "apiserver/admission/conditions.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/policy/expressions.h"
#include "apiserver/admission/policy/scope.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

namespace registration = api::admissionregistration_k8s_io_v1;
using namespace admission_policy;

struct Rule {
  Expression expression;
  Expression message_expression;
  std::string message;
  std::string reason;
};

struct Policy {
  explicit Policy(const registration::ValidatingAdmissionPolicy& policy)
      : name(policy.metadata.name),
        param_kind(policy.spec.param_kind),
        scope(policy.spec.match_constraints),
        fails_open(policy.spec.failure_policy && *policy.spec.failure_policy == "Ignore"),
        conditions(policy.spec.match_conditions, policy.spec.param_kind.has_value()) {
    const auto& spec = policy.spec;
    covers_nothing = !spec.match_constraints;
    Compilation compilation(spec.variables, spec.param_kind.has_value(), false);
    for (const auto& validation : spec.validations) {
      rules.push_back({Expression(compilation.environment, validation.expression),
                       Expression(compilation.environment, validation.message_expression),
                       std::string(base::trim(validation.message)), validation.reason.value_or("Invalid")});
    }
    for (const auto& annotation : spec.audit_annotations) {
      annotations.push_back({annotation.key, Expression(compilation.environment, annotation.value_expression)});
    }
    variables = std::move(compilation.variables);
  }

  std::string name;
  schema::Box<registration::ParamKind> param_kind;
  Scope scope;
  bool covers_nothing = false;
  bool fails_open;
  Conditions conditions;
  std::vector<NamedExpression> variables;
  std::vector<Rule> rules;
  std::vector<NamedExpression> annotations;
};

struct Binding {
  explicit Binding(const registration::ValidatingAdmissionPolicyBinding& binding)
      : name(binding.metadata.name),
        policy(binding.spec.policy_name),
        param_ref(binding.spec.param_ref),
        scope(binding.spec.match_resources),
        actions(binding.spec.validation_actions) {}
  bool has(std::string_view action) const { return std::find(actions.begin(), actions.end(), action) != actions.end(); }

  std::string name;
  std::string policy;
  schema::Box<registration::ParamRef> param_ref;
  Scope scope;
  std::vector<std::string> actions;
};

// What a rule found wrong.
struct Finding {
  std::string message;
  std::string reason = "Invalid";
  size_t rule = 0;
};

// What one policy says of a write under one binding.
struct Judgement {
  std::vector<Finding> findings;
  std::vector<std::pair<std::string, std::string>> annotations;  // for the audit log
};

// The first refusal decides, but all is looked at: warnings and the audit log want to know.
class Verdict {
 public:
  explicit Verdict(const Attempt& attempt) : attempt_(attempt) {}

  void add(const Policy& policy, const Binding& binding, const Finding& finding) {
    if (binding.has("Deny") && !refusal_) {
      refusal_ = error(base::cat({"ValidatingAdmissionPolicy '", policy.name, "' with binding '", binding.name,
                                  "' denied request: ", finding.message}),
                       finding.reason);
    }
    if (binding.has("Warn")) {
      attempt_.warnings.push_back(base::cat({"Validation failed for ValidatingAdmissionPolicy '", policy.name,
                                             "' with binding '", binding.name, "': ", finding.message}));
    }
    if (!binding.has("Audit")) return;
    audit_ += base::cat({audit_.empty() ? "[" : ",", R"({"message":)", json(finding.message), R"(,"policy":)",
                         json(policy.name), R"(,"binding":)", json(binding.name), R"(,"expressionIndex":")",
                         std::to_string(finding.rule), R"(","validationActions":[)"});
    for (size_t i = 0; i < binding.actions.size(); ++i) audit_ += (i ? "," : "") + json(binding.actions[i]);
    audit_ += "]}";
  }
  void add(const Policy& policy, const Binding& binding, const Judgement& judgement) {
    for (const auto& finding : judgement.findings) add(policy, binding, finding);
    for (const auto& [key, value] : judgement.annotations) {
      auto& values = annotations_[key];
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
  }
  base::Result<void> done() {
    for (const auto& [key, values] : annotations_) attempt_.audit(key, base::join(values, ", "));
    if (!audit_.empty()) attempt_.audit("validation.policy.admission.k8s.io/validation_failure", audit_ + "]");
    if (refusal_) return base::fail(std::move(*refusal_));
    return {};
  }

 private:
  static std::string json(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
  }
  base::Error error(const std::string& message, const std::string& reason) const {
    auto status = schema::status_of(attempt_.refuse(message).error());
    status.reason = reason;
    status.code = reason == "Forbidden"               ? 403
                  : reason == "Unauthorized"          ? 401
                  : reason == "RequestEntityTooLarge" ? 413
                                                      : 422;
    status.details.ensure().causes.emplace_back().message = message;
    return schema::error_of(std::move(status));
  }

  const Attempt& attempt_;
  std::optional<base::Error> refusal_;
  std::string audit_;
  std::map<std::string, std::vector<std::string>> annotations_;
};

std::string message_of(const Rule& rule, const cel::Activation& activation, cel::Budget& budget) {
  if (!rule.message_expression.empty()) {
    cel::Value text = rule.message_expression.evaluate(activation, budget);
    if (text.kind() == cel::Kind::String) {
      auto message = base::trim(text.as_string());
      if (!message.empty() && message.find('\n') == std::string_view::npos) return std::string(message);
    }
  }
  if (!rule.message.empty()) return rule.message;
  return base::cat({"failed expression: ", base::trim(rule.expression.source)});
}

Judgement judge(const Policy& policy, const cel::Activation& activation, cel::Budget& budget) {
  Judgement judgement;
  auto matches = policy.conditions.judge(activation, budget);
  if (!matches && !policy.fails_open) judgement.findings.push_back({matches.error().message()});
  if (!matches || !*matches) return judgement;
  for (size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    cel::Value value = rule.expression.evaluate(activation, budget);
    if (value.is_true()) continue;
    if (!value.is_error()) {
      judgement.findings.push_back({message_of(rule, activation, budget), rule.reason, i});
      continue;
    }
    if (policy.fails_open) continue;
    judgement.findings.push_back(
        {base::cat({"expression '", rule.expression.source, "' resulted in error: ", value.error_message()}), "Invalid",
         i});
  }
  for (const auto& annotation : policy.annotations) {
    cel::Value value = annotation.expression.evaluate(activation, budget);
    if (value.kind() == cel::Kind::String && !base::trim(value.as_string()).empty()) {
      judgement.annotations.emplace_back(base::cat({policy.name, "/", annotation.name}), base::trim(value.as_string()));
    } else if (value.is_error() && !policy.fails_open) {
      judgement.findings.push_back(
          {base::cat({"expression '", annotation.expression.source, "' resulted in error: ", value.error_message()})});
    }
  }
  return judgement;
}

class ValidatingAdmissionPolicyPlugin final : public AdmissionPlugin {
 public:
  explicit ValidatingAdmissionPolicyPlugin(const Authorizer& authorizer) : authorizer_(authorizer) {}
  std::string_view name() const override { return "ValidatingAdmissionPolicy"; }
  bool handles(const Attempt& attempt) const override { return !is_exempt(attempt); }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    CO_TRY(auto bindings, co_await bindings_.all(attempt.reader));
    if (bindings.empty()) co_return {};
    CO_TRY(auto policies, co_await policies_.all(attempt.reader));
    Verdict verdict(attempt);
    for (const auto& policy : policies) {
      if (policy->covers_nothing) continue;
      ServedRef version;
      std::unique_ptr<ExpressionInput> input;
      for (const auto& binding : bindings) {
        if (binding->policy != policy->name) continue;
        if (version == nullptr) {
          CO_TRY(version, co_await policy->scope.match(attempt));
          if (version == nullptr) break;
        }
        CO_TRY(ServedRef bound, co_await binding->scope.match(attempt));
        if (bound == nullptr) continue;
        auto params = co_await params_of(policy->param_kind, binding->param_ref, attempt);
        if (!params) {
          if (!policy->fails_open)
            verdict.add(*policy, *binding, {base::cat({"failed to configure binding: ", params.error().message()})});
          continue;
        }
        if (!input) {
          CO_TRY(input, co_await ExpressionInput::of(attempt, *version, authorizer_, true));
        }
        for (const auto& param : *params) {
          Judgement judgement;
          do {
            cel::Activation activation;
            cel::Budget budget{.limit = kPolicyBudget};
            input->fill(activation);
            if (policy->param_kind) activation.set("params", cel::Value::of(param));
            add_variables(activation, policy->variables, budget);
            judgement = judge(*policy, activation, budget);
          } while (co_await input->settle());
          verdict.add(*policy, *binding, judgement);
        }
      }
    }
    co_return verdict.done();
  }

 private:
  const Authorizer& authorizer_;
  const Compiled<registration::ValidatingAdmissionPolicy, Policy> policies_;
  const Compiled<registration::ValidatingAdmissionPolicyBinding, Binding> bindings_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_validating_policies(const Authorizer& authorizer) {
  return std::make_unique<ValidatingAdmissionPolicyPlugin>(authorizer);
}

}  // namespace apiserver
