#include "scheduler/plugin/node_declared_features/node_declared_features.h"

#include "placement/declared_features.h"

namespace scheduler {
namespace {

class FeaturesJudge final : public Judge {
 public:
  explicit FeaturesJudge(placement::Features needed) : needed_(std::move(needed)) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    if (placement::missing_features(needed_, *node.node).empty()) return std::nullopt;
    return Refusal{{"node(s) didn't match Pod's required features"}, false};
  }

 private:
  placement::Features needed_;
};

class NodeDeclaredFeatures final : public Plugin {
 public:
  std::string_view name() const override { return "NodeDeclaredFeatures"; }
  Happening wakers() const override { return Happening::NodeAdded | Happening::NodeFeaturesChanged; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    auto needed = placement::features_to_run(pod.pod->spec);
    if (needed.empty()) return nullptr;
    return std::make_unique<FeaturesJudge>(std::move(needed));
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_declared_features() {
  return std::make_unique<NodeDeclaredFeatures>();
}

}  // namespace scheduler
