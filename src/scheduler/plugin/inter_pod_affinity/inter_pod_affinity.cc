#include "scheduler/plugin/inter_pod_affinity/inter_pod_affinity.h"

#include <algorithm>
#include <unordered_map>

namespace scheduler {
namespace {

// Numbers by topology: for each key ("zone") the sum for each value ("east").
class Topologies {
 public:
  // On a node without the key nothing is counted.
  void add(const std::string& key, const NodeInfo& node, int64_t amount) {
    const std::string* value = node.label(key);
    if (!value) return;
    auto& values = keys_[key];
    if ((values[*value] += amount) == 0) values.erase(*value);
    if (values.empty()) keys_.erase(key);
  }
  int64_t at(const std::string& key, const NodeInfo& node) const {
    auto values = keys_.find(key);
    if (values == keys_.end()) return 0;
    const std::string* value = node.label(key);
    if (!value) return 0;
    auto found = values->second.find(*value);
    return found == values->second.end() ? 0 : found->second;
  }
  // Whether any of the node's topologies has a number.
  bool any_at(const NodeInfo& node) const {
    return std::any_of(keys_.begin(), keys_.end(), [&](const auto& entry) { return at(entry.first, node) != 0; });
  }
  int64_t sum_at(const NodeInfo& node) const {
    int64_t sum = 0;
    for (const auto& [key, values] : keys_) sum += at(key, node);
    return sum;
  }
  bool empty() const { return keys_.empty(); }

 private:
  std::unordered_map<std::string, std::unordered_map<std::string, int64_t>> keys_;
};

bool matches_all(const std::vector<AffinityTerm>& terms, const PodInfo& pod, const NamespaceLabels& labels) {
  return std::all_of(terms.begin(), terms.end(), [&](const auto& term) { return term.matches(pod, labels); });
}

const Affinity& affinity_of(const PodInfo& pod) {
  static const Affinity kNone;
  return pod.affinity ? *pod.affinity : kNone;
}

class AffinityJudge final : public Judge {
 public:
  AffinityJudge(const PodInfo& pod, const Cache& cache, const InterPodAffinitySettings& settings)
      : pod_(pod), cache_(cache), settings_(settings), own_(affinity_of(pod)) {
    for (const NodeInfo* node : cache.nodes_with_affinity()) {
      for (const auto& [key, other] : node->pods_with_affinity) count_objections(*other, *node, 1);
    }
    if (own_.required.empty() && own_.required_anti.empty()) return;
    for (const NodeInfo* node : cache.nodes()) {
      for (const auto& [key, other] : node->pods) count_wishes(*other, *node, 1);
    }
  }

  std::optional<Refusal> filter(const NodeInfo& node) override {
    if (!is_near_what_it_needs(node)) return Refusal{{"node(s) didn't match pod affinity rules"}, false};
    for (const auto& term : own_.required_anti) {
      if (avoided_.at(term.topology_key, node) > 0) {
        return Refusal{{"node(s) didn't match pod anti-affinity rules"}, true};
      }
    }
    if (objecting_.any_at(node)) {
      return Refusal{{"node(s) didn't satisfy existing pods anti-affinity rules"}, true};
    }
    return std::nullopt;
  }

  void counted(const PodInfo& other, const NodeInfo& node, int change) override {
    if (other.affinity) count_objections(other, node, change);
    count_wishes(other, node, change);
  }

  void begin_scoring(const std::vector<const NodeInfo*>&) override {
    bool wishes = !own_.preferred.empty() || !own_.preferred_anti.empty();
    if (wishes) {
      for (const NodeInfo* node : cache_.nodes()) {
        for (const auto& [key, other] : node->pods) weigh(*other, *node);
      }
    } else if (!settings_.only_own_preferences) {
      for (const NodeInfo* node : cache_.nodes_with_affinity()) {
        for (const auto& [key, other] : node->pods_with_affinity) weigh(*other, *node);
      }
    }
  }
  int64_t score(const NodeInfo& node) override { return points_.sum_at(node); }

  // From the worst, which gets nothing, to the best.
  void normalize(std::vector<int64_t>& scores) override {
    auto [least, most] = std::minmax_element(scores.begin(), scores.end());
    int64_t low = *least, span = *most - *least;
    for (auto& score : scores) score = span == 0 ? 0 : kScoreMax * (score - low) / span;
  }

 private:
  void count_objections(const PodInfo& other, const NodeInfo& node, int change) {
    for (const auto& term : affinity_of(other).required_anti) {
      if (term.matches(pod_, cache_.namespaces())) objecting_.add(term.topology_key, node, change);
    }
  }
  void count_wishes(const PodInfo& other, const NodeInfo& node, int change) {
    const auto& namespaces = cache_.namespaces();
    if (!own_.required.empty() && matches_all(own_.required, other, namespaces)) {
      for (const auto& term : own_.required) wanted_.add(term.topology_key, node, change);
    }
    for (const auto& term : own_.required_anti) {
      if (term.matches(other, namespaces)) avoided_.add(term.topology_key, node, change);
    }
  }
  // The first of pods that want to be near their own kind finds none yet: it may go anywhere where the topology exists.
  bool is_near_what_it_needs(const NodeInfo& node) const {
    for (const auto& term : own_.required) {
      if (!node.label(term.topology_key)) return false;
    }
    bool near = std::all_of(own_.required.begin(), own_.required.end(),
                            [&](const auto& term) { return wanted_.at(term.topology_key, node) > 0; });
    return near || (wanted_.empty() && matches_all(own_.required, pod_, cache_.namespaces()));
  }
  void weigh(const PodInfo& other, const NodeInfo& node) {
    const auto& namespaces = cache_.namespaces();
    auto add = [&](const std::vector<AffinityTerm>& terms, const PodInfo& subject, int64_t sign) {
      for (const auto& term : terms) {
        if (term.matches(subject, namespaces)) points_.add(term.topology_key, node, sign * term.weight);
      }
    };
    add(own_.preferred, other, 1);
    add(own_.preferred_anti, other, -1);
    const Affinity& theirs = affinity_of(other);
    add(theirs.required, pod_, settings_.hard_weight);
    add(theirs.preferred, pod_, 1);
    add(theirs.preferred_anti, pod_, -1);
  }

  const PodInfo& pod_;
  const Cache& cache_;
  const InterPodAffinitySettings& settings_;
  const Affinity& own_;
  Topologies objecting_;  // placed pods that do not bear this one
  Topologies wanted_;     // placed pods that this one has to be near
  Topologies avoided_;    // placed pods that this one does not bear
  Topologies points_;
};

class InterPodAffinity final : public Plugin {
 public:
  explicit InterPodAffinity(InterPodAffinitySettings settings) : settings_(settings) {}
  std::string_view name() const override { return "InterPodAffinity"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeLabelsChanged | Happening::PodAdded | Happening::PodRemoved;
  }
  int64_t weight() const override { return 2; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache& cache) const override {
    if (!pod.affinity && cache.nodes_with_affinity().empty()) return nullptr;
    return std::make_unique<AffinityJudge>(pod, cache, settings_);
  }

 private:
  const InterPodAffinitySettings settings_;
};

}  // namespace

std::unique_ptr<Plugin> make_inter_pod_affinity(InterPodAffinitySettings settings) {
  return std::make_unique<InterPodAffinity>(settings);
}

}  // namespace scheduler
