// Flow schemas and priority levels.

#include "apiserver/registry/validation/flow_control.h"

#include "apiserver/bootstrap/bootstrap.h"
#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"

namespace apiserver {

namespace flowcontrol = api::flowcontrol_apiserver_k8s_io_v1;

namespace {

// Kubernetes documentation, "API Priority and Fairness", "Mandatory configuration objects". Null for other objects.
template <class T>
auto fixed_spec(const T& one) -> const decltype(one.spec)* {
  if (one.metadata.name != "exempt" && one.metadata.name != "catch-all") return nullptr;
  static const auto kShipped = default_flow_objects();
  for (const auto& object : kShipped) {
    const auto* shipped = object.template get_if<T>();
    if (shipped != nullptr && shipped->metadata.name == one.metadata.name) return &shipped->spec;
  }
  return nullptr;
}

}  // namespace

void add_flow_control_strategies(StrategyMap& all) {
  using Schema = flowcontrol::FlowSchema;
  using Level = flowcontrol::PriorityLevelConfiguration;
  constexpr Traits kTraits = {.generation = GenerationRule::OnSpec, .update_checks_whole_metadata = true};
  all["flowschemas.flowcontrol.apiserver.k8s.io"] = by_rules<Schema>(
      {.traits = kTraits,
       .validate = [](const Schema& next, const Schema*) { return validate_flow_schema(next, fixed_spec(next)); },
       .validate_status = [](const Schema& next, const Schema&) { return validate_flow_schema_status(next); }});
  all["prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"] = by_rules<Level>(
      {.traits = kTraits,
       .validate = [](const Level& next, const Level*) { return validate_priority_level(next, fixed_spec(next)); },
       .validate_status = [](const Level& next, const Level&) { return validate_priority_level_status(next); }});
}

}  // namespace apiserver
