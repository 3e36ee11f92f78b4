// Flow schemas and priority levels.

#include "apiserver/registry/validation/flow_control.h"

#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"

namespace apiserver {

namespace flowcontrol = api::flowcontrol_apiserver_k8s_io_v1;

void add_flow_control_strategies(StrategyMap& all) {
  using Schema = flowcontrol::FlowSchema;
  using Level = flowcontrol::PriorityLevelConfiguration;
  constexpr Traits kTraits = {.generation = GenerationRule::OnSpec, .update_checks_whole_metadata = true};
  all["flowschemas.flowcontrol.apiserver.k8s.io"] = by_rules<Schema>(
      {.traits = kTraits,
       .validate = [](const Schema& next, const Schema*) { return validate_flow_schema(next); },
       .validate_status = [](const Schema& next, const Schema&) { return validate_flow_schema_status(next); }});
  all["prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"] = by_rules<Level>(
      {.traits = kTraits,
       .validate = [](const Level& next, const Level*) { return validate_priority_level(next); },
       .validate_status = [](const Level& next, const Level&) { return validate_priority_level_status(next); }});
}

}  // namespace apiserver
