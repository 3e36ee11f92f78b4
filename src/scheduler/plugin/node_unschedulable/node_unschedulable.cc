#include "scheduler/plugin/node_unschedulable/node_unschedulable.h"

#include "placement/toleration.h"

namespace scheduler {
namespace {

class UnschedulableJudge final : public Judge {
 public:
  std::optional<Refusal> filter(const NodeInfo& node) override {
    if (!node.node->spec.unschedulable) return std::nullopt;
    return Refusal{{"node(s) were unschedulable"}, false};
  }
};

class NodeUnschedulable final : public Plugin {
 public:
  std::string_view name() const override { return "NodeUnschedulable"; }
  Happening wakers() const override { return Happening::NodeAdded | Happening::NodeTaintsChanged; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    api::core_v1::Taint cordon;
    cordon.key = "node.kubernetes.io/unschedulable";
    cordon.effect = "NoSchedule";
    if (placement::tolerates(pod.pod->spec.tolerations, cordon)) return nullptr;
    return std::make_unique<UnschedulableJudge>();
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_unschedulable() {
  return std::make_unique<NodeUnschedulable>();
}

}  // namespace scheduler
