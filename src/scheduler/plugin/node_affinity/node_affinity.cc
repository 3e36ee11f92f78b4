#include "scheduler/plugin/node_affinity/node_affinity.h"

#include <algorithm>

#include "placement/node_selector.h"

namespace scheduler {
namespace {

class AffinityJudge final : public Judge {
 public:
  explicit AffinityJudge(const api::core_v1::PodSpec& spec) : spec_(spec) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    if (placement::matches_node(spec_, *node.node)) return std::nullopt;
    return Refusal{{"node(s) didn't match Pod's node affinity/selector"}, false};
  }
  int64_t score(const NodeInfo& node) override {
    int64_t sum = 0;
    if (!spec_.affinity || !spec_.affinity->node_affinity) return 0;
    for (const auto& term : spec_.affinity->node_affinity->preferred_during_scheduling_ignored_during_execution) {
      if (placement::matches_term(term.preference, *node.node)) sum += term.weight;
    }
    return sum;
  }
  void normalize(std::vector<int64_t>& scores) override { normalize_by_max(scores, false); }

 private:
  const api::core_v1::PodSpec& spec_;
};

class NodeAffinity final : public Plugin {
 public:
  std::string_view name() const override { return "NodeAffinity"; }
  Happening wakers() const override { return Happening::NodeAdded | Happening::NodeLabelsChanged; }
  int64_t weight() const override { return 2; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    const auto& spec = pod.pod->spec;
    if (spec.node_selector.empty() && !(spec.affinity && spec.affinity->node_affinity)) return nullptr;
    return std::make_unique<AffinityJudge>(spec);
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_affinity() {
  return std::make_unique<NodeAffinity>();
}

}  // namespace scheduler
