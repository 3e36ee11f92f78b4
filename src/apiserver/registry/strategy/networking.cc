// Ingresses, network policies, and where services' addresses come from.

#include "apiserver/registry/validation/networking.h"

#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"

namespace apiserver {
namespace {

namespace networking = api::networking_k8s_io_v1;

class IngressStrategy final : public ByRules<networking::Ingress> {
 public:
  IngressStrategy()
      : ByRules({.traits = {.generation = GenerationRule::OnSpec},
                 .validate = validate_ingress,
                 .validate_status = validate_ingress_status}) {}

 protected:
  void notice(const Situation& situation, const networking::Ingress& next,
              const networking::Ingress* current) const override {
    if (current != nullptr || !next.metadata.annotations.contains("kubernetes.io/ingress.class")) return;
    situation.warnings.emplace_back(
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
  }
};

}  // namespace

void add_networking_strategies(StrategyMap& all) {
  all["ingresses.networking.k8s.io"] = std::make_unique<IngressStrategy>();
  all["ingressclasses.networking.k8s.io"] = by_rules<networking::IngressClass>(
      {.traits = {.generation = GenerationRule::OnSpec, .update_checks_whole_metadata = true},
       .validate = validate_ingress_class});
  all["networkpolicies.networking.k8s.io"] =
      by_rules<networking::NetworkPolicy>({.traits = {.generation = GenerationRule::OnSpecExactly},
                                           .validate = validate_network_policy,
                                           .warn = warn_about_network_policy});
  all["ipaddresses.networking.k8s.io"] = by_rules<networking::IPAddress>(
      {.traits = {.name_rule = NameRule::PathSegment}, .validate = validate_ip_address});
  all["servicecidrs.networking.k8s.io"] =
      by_rules<networking::ServiceCIDR>({.traits = {}, .validate = validate_service_cidr});
}

}  // namespace apiserver
