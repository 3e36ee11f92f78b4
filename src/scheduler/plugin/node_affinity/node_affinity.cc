#include "scheduler/plugin/node_affinity/node_affinity.h"

#include "placement/node_selector.h"

namespace scheduler {
namespace {

using api::core_v1::PreferredSchedulingTerm;

int64_t sum_of_weights(const std::vector<PreferredSchedulingTerm>& terms, const api::core_v1::Node& node) {
  int64_t sum = 0;
  for (const auto& term : terms) {
    if (placement::matches_term(term.preference, node)) sum += term.weight;
  }
  return sum;
}

class AffinityJudge final : public Judge {
 public:
  AffinityJudge(const api::core_v1::PodSpec& spec, const api::core_v1::NodeAffinity& added)
      : spec_(spec), added_(added) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    const auto& enforced = added_.required_during_scheduling_ignored_during_execution;
    if (enforced && !placement::matches_selector(*enforced, *node.node))
      return Refusal{{"node(s) didn't match scheduler-enforced node affinity"}, false};
    if (placement::matches_node(spec_, *node.node)) return std::nullopt;
    return Refusal{{"node(s) didn't match Pod's node affinity/selector"}, false};
  }
  int64_t score(const NodeInfo& node) override {
    int64_t sum = sum_of_weights(added_.preferred_during_scheduling_ignored_during_execution, *node.node);
    if (!spec_.affinity || !spec_.affinity->node_affinity) return sum;
    const auto& own = spec_.affinity->node_affinity->preferred_during_scheduling_ignored_during_execution;
    return sum + sum_of_weights(own, *node.node);
  }
  void normalize(std::vector<int64_t>& scores) override { normalize_by_max(scores, false); }

 private:
  const api::core_v1::PodSpec& spec_;
  const api::core_v1::NodeAffinity& added_;
};

class NodeAffinity final : public Plugin {
 public:
  explicit NodeAffinity(api::core_v1::NodeAffinity added) : added_(std::move(added)) {}
  std::string_view name() const override { return "NodeAffinity"; }
  Happening wakers() const override { return Happening::NodeAdded | Happening::NodeLabelsChanged; }
  int64_t weight() const override { return 2; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    const auto& spec = pod.pod->spec;
    bool asks = !spec.node_selector.empty() || (spec.affinity && spec.affinity->node_affinity);
    if (!asks && !adds_) return nullptr;
    return std::make_unique<AffinityJudge>(spec, added_);
  }

 private:
  const api::core_v1::NodeAffinity added_;
  const bool adds_ = added_ != api::core_v1::NodeAffinity();
};

}  // namespace

std::unique_ptr<Plugin> make_node_affinity(api::core_v1::NodeAffinity added) {
  return std::make_unique<NodeAffinity>(std::move(added));
}

}  // namespace scheduler
