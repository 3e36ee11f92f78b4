// Tolerations, and the effects of taints.

#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {

namespace core = api::core_v1;

void check_taint_effect(Report& report, std::string_view effect, const Place& at) {
  report.one_of(at, effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
}

void check_tolerations(Report& report, const std::vector<core::Toleration>& tolerations, const Place& at) {
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const auto& toleration = tolerations[i];
    Place here(at, i);
    Place op(here, "operator");
    if (!toleration.key.empty()) {
      report.problems(Place(here, "key"), toleration.key, schema::check_qualified_name(toleration.key));
    } else if (toleration.operator_ != "Exists") {
      report.invalid(op, toleration.operator_,
                     "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    }
    if (toleration.toleration_seconds && toleration.effect != "NoExecute") {
      report.invalid(Place(here, "effect"), toleration.effect,
                     "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (toleration.operator_.empty() || toleration.operator_ == "Equal") {
      auto problems = schema::check_label_value(toleration.value);
      if (!problems.empty()) report.invalid(op, toleration.value, base::join(problems, ";"));
    } else if (toleration.operator_ == "Exists") {
      if (!toleration.value.empty())
        report.invalid(op, toleration.value, "value must be empty when `operator` is 'Exists'");
    } else if (toleration.operator_ == "Lt" || toleration.operator_ == "Gt") {
      report.not_supported(op, toleration.operator_, {"Equal", "Exists", "Lt", "Gt"});
    } else {
      report.not_supported(op, toleration.operator_, {"Equal", "Exists"});
    }
    if (!toleration.effect.empty()) check_taint_effect(report, toleration.effect, Place(here, "effect"));
  }
}

}  // namespace apiserver
