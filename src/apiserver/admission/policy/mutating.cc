// MutatingAdmissionPolicy: changes to writes, as expressions. Kubernetes documentation, "Mutating Admission Policy".

#include "apiserver/admission/compiled.h"
#include "apiserver/admission/conditions.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/policy/expressions.h"
#include "apiserver/admission/policy/scope.h"
#include "apiserver/admission/presented.h"
#include "base/strings.h"
#include "schema/defaults.h"
#include "schema/json.h"
#include "schema/patch.h"
#include "schema/status.h"

namespace apiserver {
namespace {

namespace registration = api::admissionregistration_k8s_io_v1;
using namespace admission_policy;

struct Change {
  bool applies = false;  // an apply configuration, else a JSON patch
  Expression expression;
};

struct Policy {
  explicit Policy(const registration::MutatingAdmissionPolicy& policy)
      : name(policy.metadata.name),
        param_kind(policy.spec.param_kind),
        scope(policy.spec.match_constraints),
        covers_nothing(!policy.spec.match_constraints),
        fails_open(policy.spec.failure_policy && *policy.spec.failure_policy == "Ignore"),
        reinvoked(policy.spec.reinvocation_policy == "IfNeeded"),
        conditions(policy.spec.match_conditions, policy.spec.param_kind.has_value()) {
    Compilation compilation(policy.spec.variables, policy.spec.param_kind.has_value(), true);
    for (const auto& mutation : policy.spec.mutations) {
      bool applies = mutation.patch_type == "ApplyConfiguration";
      std::string source;
      if (applies && mutation.apply_configuration) source = mutation.apply_configuration->expression;
      if (!applies && mutation.json_patch) source = mutation.json_patch->expression;
      changes.push_back({applies, Expression(compilation.environment, source)});
    }
    variables = std::move(compilation.variables);
  }

  std::string name;
  schema::Box<registration::ParamKind> param_kind;
  Scope scope;
  bool covers_nothing;
  bool fails_open;
  bool reinvoked;
  Conditions conditions;
  std::vector<NamedExpression> variables;
  std::vector<Change> changes;
};

struct Binding {
  explicit Binding(const registration::MutatingAdmissionPolicyBinding& binding)
      : name(binding.metadata.name),
        policy(binding.spec.policy_name),
        param_ref(binding.spec.param_ref),
        scope(binding.spec.match_resources) {}
  std::string name;
  std::string policy;
  schema::Box<registration::ParamRef> param_ref;
  Scope scope;
};

base::Error refusal(const Attempt& attempt, const Policy& policy, const Binding& binding, std::string_view why) {
  auto status = schema::status_of(attempt.refuse(why).error());
  status.reason = "Invalid";
  status.message = base::cat({"policy '", policy.name, "' with binding '", binding.name, "' denied request: ", why});
  status.details.ensure().causes.emplace_back().message = status.message;
  return schema::error_of(std::move(status));
}

base::Result<schema::Value> apply_patch(const cel::Value& result, schema::Value document) {
  TRY(auto operations, result.to_tree());
  auto patch = schema::JsonPatch::parse(operations.to_json());
  if (!patch) return base::fail(base::Code::Invalid, base::cat({"JSON Patch: ", patch.error().message()}));
  auto changed = patch->apply(std::move(document));
  if (!changed) return base::fail(base::Code::Invalid, base::cat({"JSON Patch: ", changed.error().message()}));
  return std::move(*changed);
}

base::Result<schema::Object> changed_by(const Change& change, const schema::Object& object, const schema::Value& tree,
                                        const cel::Activation& activation, cel::Budget& budget) {
  cel::Value result = change.expression.evaluate(activation, budget);
  if (result.is_error()) return base::fail(base::Code::Invalid, result.error_message());
  schema::Value next;
  if (change.applies) {
    TRY(auto configuration, result.to_tree());
    TRY(next, schema::merge_strategically(object.type(), tree, std::move(configuration)));
  } else {
    TRY(next, apply_patch(result, tree));
  }
  TRY(auto decoded, schema::decode_json(object.type(), next.to_json()));
  schema::apply_defaults(decoded);
  return decoded;
}

class MutatingAdmissionPolicyPlugin final : public AdmissionPlugin {
 public:
  explicit MutatingAdmissionPolicyPlugin(const Authorizer& authorizer) : authorizer_(authorizer) {}
  std::string_view name() const override { return "MutatingAdmissionPolicy"; }
  bool handles(const Attempt& attempt) const override { return attempt.object != nullptr && !is_exempt(attempt); }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    CO_TRY(auto bindings, co_await bindings_.all(attempt.reader));
    if (bindings.empty()) co_return {};
    CO_TRY(auto policies, co_await policies_.all(attempt.reader));
    Reinvocation& passes = attempt.reinvocation;
    for (const auto& policy : policies) {
      if (policy->covers_nothing || (passes.second_pass && !policy->reinvoked)) continue;
      for (const auto& binding : bindings) {
        if (binding->policy != policy->name) continue;
        CO_TRY(ServedRef version, co_await policy->scope.match(attempt));
        if (version == nullptr) break;
        CO_TRY(ServedRef bound, co_await binding->scope.match(attempt));
        if (bound == nullptr) continue;
        CO_TRY(co_await mutate(*policy, *binding, *version, attempt));
      }
    }
    co_return {};
  }

 private:
  io::Task<base::Result<void>> mutate(const Policy& policy, const Binding& binding, const Served& version,
                                      Attempt& attempt) const {
    auto params = co_await params_of(policy.param_kind, binding.param_ref, attempt);
    if (!params) {
      if (policy.fails_open) co_return {};
      co_return base::fail(
          refusal(attempt, policy, binding, base::cat({"failed to configure binding: ", params.error().message()})));
    }
    for (const auto& param : *params) {
      for (size_t i = 0; i < policy.changes.size(); ++i) {
        CO_TRY(auto input, co_await ExpressionInput::of(attempt, version, authorizer_, true));
        CO_TRY(auto seen, present(attempt, version));
        base::Result<bool> matches = true;
        base::Result<schema::Object> next = seen.object;
        do {
          cel::Activation activation;
          cel::Budget budget{.limit = kPolicyBudget};
          input->fill(activation);
          if (policy.param_kind) activation.set("params", cel::Value::of(param));
          add_variables(activation, policy.variables, budget);
          if (i == 0) matches = policy.conditions.judge(activation, budget);
          if (matches && *matches) next = changed_by(policy.changes[i], seen.object, input->object, activation, budget);
        } while (co_await input->settle());
        if (!matches && !policy.fails_open)
          co_return base::fail(refusal(attempt, policy, binding, matches.error().message()));
        if (!matches || !*matches) break;
        if (!next) {
          if (policy.fails_open) continue;
          co_return base::fail(refusal(attempt, policy, binding, next.error().message()));
        }
        if (*next == seen.object) continue;
        CO_TRY(take_back(attempt, version, std::move(*next)));
        // Those that were asked before it have not seen this.
        attempt.reinvocation.wanted |= policy.reinvoked;
      }
    }
    co_return {};
  }

  const Authorizer& authorizer_;
  const Compiled<registration::MutatingAdmissionPolicy, Policy> policies_;
  const Compiled<registration::MutatingAdmissionPolicyBinding, Binding> bindings_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_mutating_policies(const Authorizer& authorizer) {
  return std::make_unique<MutatingAdmissionPolicyPlugin>(authorizer);
}

}  // namespace apiserver
