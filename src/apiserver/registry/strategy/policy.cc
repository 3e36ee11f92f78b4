// Disruption budgets, roles and bindings.

#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/disruption_budget.h"
#include "apiserver/registry/validation/rbac.h"

namespace apiserver {

namespace policy = api::policy_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;

void add_policy_strategies(StrategyMap& all) {
  constexpr Traits kRoleTraits = {
      .create_on_update = true, .name_rule = NameRule::PathSegment, .update_checks_whole_metadata = true};
  all["poddisruptionbudgets.policy"] = by_rules<policy::PodDisruptionBudget>(
      {.traits = {.unconditional_update = false,
                  .generation = GenerationRule::OnSpec,
                  .metadata_rule = MetadataRule::None},
       .validate = validate_disruption_budget,
       .validate_status = [](const policy::PodDisruptionBudget& next, const policy::PodDisruptionBudget&) {
         return validate_disruption_budget_status(next);
       }});
  all["roles.rbac.authorization.k8s.io"] =
      by_rules<rbac::Role>({.traits = kRoleTraits,
                            .validate = [](const rbac::Role& next, const rbac::Role*) { return validate_role(next); }});
  all["clusterroles.rbac.authorization.k8s.io"] =
      by_rules<rbac::ClusterRole>({.traits = kRoleTraits, .validate = validate_cluster_role});
  all["rolebindings.rbac.authorization.k8s.io"] =
      by_rules<rbac::RoleBinding>({.traits = kRoleTraits, .validate = validate_role_binding});
  all["clusterrolebindings.rbac.authorization.k8s.io"] =
      by_rules<rbac::ClusterRoleBinding>({.traits = kRoleTraits, .validate = validate_cluster_role_binding});
}

}  // namespace apiserver
