// Priority classes and runtime classes.

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/runtime_class.h"
#include "apiserver/registry/validation/warnings.h"

namespace apiserver {
namespace {

namespace node = api::node_k8s_io_v1;
namespace scheduling = api::scheduling_k8s_io_v1;

// A priority class keeps its value for life; the system's own stay.
class PriorityClassStrategy final : public ByRules<scheduling::PriorityClass> {
 public:
  PriorityClassStrategy()
      : ByRules({.traits = {.generation = GenerationRule::OnlyFirst}, .validate = validate_priority_class}) {}
  base::Result<void> allow_delete(const Situation&, const schema::Object& current) const override {
    const auto& name = current.meta().name;
    if (name != "system-node-critical" && name != "system-cluster-critical") return {};
    return base::fail(forbidden("scheduling.k8s.io", "priorityclasses", name,
                                "this is a system priority class and cannot be deleted"));
  }
};

void warn_about_runtime_class(std::vector<std::string>& warnings, const node::RuntimeClass& one) {
  if (!one.scheduling) return;
  Place at("scheduling");
  for (const auto& [label, value] : one.scheduling->node_selector) {
    if (auto text = node_label_deprecation(label); !text.empty())
      apiserver::warn(warnings, Place(at, "nodeSelector"), text);
  }
}

}  // namespace

void add_class_strategies(StrategyMap& all) {
  all["priorityclasses.scheduling.k8s.io"] = std::make_unique<PriorityClassStrategy>();
  all["runtimeclasses.node.k8s.io"] =
      by_rules<node::RuntimeClass>({.traits = {.unconditional_update = false, .metadata_rule = MetadataRule::Generic},
                                    .validate = validate_runtime_class,
                                    .warn = warn_about_runtime_class});
}

}  // namespace apiserver
