#include "scheduler/plugin/pod_topology_spread/pod_topology_spread.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "scheduler/plugin/pod_topology_spread/constraint.h"

namespace scheduler {
namespace {

constexpr const char* kHostname = "kubernetes.io/hostname";
constexpr const char* kZone = "topology.kubernetes.io/zone";

// How many pods of a constraint there are in each domain: a value of its topology.
using Domains = std::unordered_map<std::string, int64_t>;

// What constraints that must be kept (DoNotSchedule) say.
class Skew {
 public:
  Skew(const PodInfo& pod, const Cache& cache, const GivenConstraints& defaults)
      : pod_(pod), constraints_(spread_constraints(pod, defaults, "DoNotSchedule")) {
    domains_.resize(constraints_.size());
    if (constraints_.empty()) return;
    for (const NodeInfo* node : cache.nodes()) {
      if (!has_topologies(constraints_, *node)) continue;
      for (size_t i = 0; i < constraints_.size(); ++i) {
        const auto& constraint = constraints_[i];
        if (!is_counted(constraint, pod.pod->spec, *node)) continue;
        auto& count = domains_[i][*node->label(constraint.topology_key)];
        for (const auto& [key, other] : node->pods) count += is_spread(constraint, pod, *other);
      }
    }
    find_least();
  }

  void counted(const PodInfo& other, const NodeInfo& node, int change) {
    if (constraints_.empty() || !has_topologies(constraints_, node)) return;
    for (size_t i = 0; i < constraints_.size(); ++i) {
      const auto& constraint = constraints_[i];
      if (is_counted(constraint, pod_.pod->spec, node) && is_spread(constraint, pod_, other)) {
        domains_[i][*node.label(constraint.topology_key)] += change;
      }
    }
    find_least();
  }

  std::optional<Refusal> filter(const NodeInfo& node) const {
    for (size_t i = 0; i < constraints_.size(); ++i) {
      const auto& constraint = constraints_[i];
      const std::string* domain = node.label(constraint.topology_key);
      if (!domain) {
        return Refusal{{"node(s) didn't match pod topology spread constraints (missing required label)"}, false};
      }
      auto found = domains_[i].find(*domain);
      int64_t there = found == domains_[i].end() ? 0 : found->second;
      int64_t itself = constraint.by_owner || constraint.selector.matches(pod_.labels) ? 1 : 0;
      if (there + itself - least_[i] > constraint.skew_max) {
        return Refusal{{"node(s) didn't match pod topology spread constraints"}, true};
      }
    }
    return std::nullopt;
  }

 private:
  // Of too few domains one that is missing counts as empty.
  void find_least() {
    least_.assign(constraints_.size(), 0);
    for (size_t i = 0; i < constraints_.size(); ++i) {
      if (domains_[i].empty() || static_cast<int64_t>(domains_[i].size()) < constraints_[i].domains_min) continue;
      least_[i] = std::min_element(domains_[i].begin(), domains_[i].end(), [](const auto& a, const auto& b) {
                    return a.second < b.second;
                  })->second;
    }
  }

  const PodInfo& pod_;
  std::vector<SpreadConstraint> constraints_;
  std::vector<Domains> domains_;  // beside constraints_
  std::vector<int64_t> least_;
};

// What constraints that may be broken say (ScheduleAnyway); without default ones also, of a pod with a controller and
// no constraints, that its likes spread over nodes and zones.
class Preference {
 public:
  Preference(const PodInfo& pod, const Cache& cache, const DefaultConstraints& defaults)
      : pod_(pod),
        cache_(cache),
        constraints_(spread_constraints(pod, defaults.value_or(GivenConstraints()), "ScheduleAnyway")) {
    by_owner_ = !defaults && pod.pod->spec.topology_spread_constraints.empty() && pod.owner != 0;
    if (!by_owner_) return;
    constraints_.emplace_back().topology_key = kHostname;
    constraints_[0].skew_max = 3;
    constraints_.emplace_back().topology_key = kZone;
    constraints_[1].skew_max = 5;
  }
  bool empty() const { return constraints_.empty(); }

  void begin(const std::vector<const NodeInfo*>& fitting) {
    ignored_.clear();
    domains_.assign(constraints_.size(), {});
    size_t counted = 0;
    for (const NodeInfo* node : fitting) {
      bool ignored = !by_owner_ && !has_topologies(constraints_, *node);
      ignored_.push_back(ignored);
      if (ignored) continue;
      ++counted;
      for (size_t i = 0; i < constraints_.size(); ++i) {
        const std::string* domain = node->label(constraints_[i].topology_key);
        if (domain && constraints_[i].topology_key != kHostname) domains_[i].try_emplace(*domain, 0);
      }
    }
    weights_.clear();
    for (size_t i = 0; i < constraints_.size(); ++i) {
      size_t size = constraints_[i].topology_key == kHostname ? counted : domains_[i].size();
      weights_.push_back(std::log(static_cast<double>(size + 2)));
    }
    count_domains();
  }

  int64_t score(const NodeInfo& node) const {
    double score = 0;
    for (size_t i = 0; i < constraints_.size(); ++i) {
      const auto& constraint = constraints_[i];
      const std::string* domain = node.label(constraint.topology_key);
      if (!domain) continue;
      int64_t count = 0;
      if (constraint.topology_key == kHostname) {
        count = count_on(constraint, node);
      } else if (auto found = domains_[i].find(*domain); found != domains_[i].end()) {
        count = found->second;
      }
      score += static_cast<double>(count) * weights_[i] + static_cast<double>(constraint.skew_max - 1);
    }
    return std::llround(score);
  }

  // The fewer the better; nodes without the topologies are the last.
  void normalize(std::vector<int64_t>& scores) const {
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
      if (ignored_[i]) continue;
      least = std::min(least, scores[i]);
      most = std::max(most, scores[i]);
    }
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i] = ignored_[i] ? 0 : most == 0 ? kScoreMax : kScoreMax * (most + least - scores[i]) / most;
    }
  }

 private:
  int64_t count_on(const SpreadConstraint& constraint, const NodeInfo& node) const {
    if (by_owner_) {
      const auto* nodes = cache_.pods_of_owner(pod_.owner);
      if (!nodes) return 0;
      auto found = nodes->find(&node);
      return found == nodes->end() ? 0 : found->second;
    }
    int64_t count = 0;
    for (const auto& [key, other] : node.pods) count += is_spread(constraint, pod_, *other);
    return count;
  }

  void count_node(const NodeInfo& node) {
    for (size_t i = 0; i < constraints_.size(); ++i) {
      const auto& constraint = constraints_[i];
      const std::string* domain = node.label(constraint.topology_key);
      if (!domain || domains_[i].empty()) continue;
      auto found = domains_[i].find(*domain);
      if (found == domains_[i].end() || !is_counted(constraint, pod_.pod->spec, node)) continue;
      found->second += count_on(constraint, node);
    }
  }
  void count_domains() {
    if (std::all_of(domains_.begin(), domains_.end(), [](const auto& domains) { return domains.empty(); })) return;
    if (by_owner_) {
      const auto* nodes = cache_.pods_of_owner(pod_.owner);
      if (!nodes) return;
      for (const auto& [node, count] : *nodes) {
        if (node->node) count_node(*node);
      }
      return;
    }
    for (const NodeInfo* node : cache_.nodes()) {
      if (has_topologies(constraints_, *node)) count_node(*node);
    }
  }

  const PodInfo& pod_;
  const Cache& cache_;
  bool by_owner_ = false;
  std::vector<SpreadConstraint> constraints_;
  std::vector<Domains> domains_;  // beside constraints_; none for the hostname, whose domains are the nodes
  std::vector<double> weights_;   // beside constraints_: many domains make each count for more
  std::vector<bool> ignored_;     // beside the nodes that fit
};

class SpreadJudge final : public Judge {
 public:
  SpreadJudge(const PodInfo& pod, const Cache& cache, const DefaultConstraints& defaults)
      : skew_(pod, cache, defaults.value_or(GivenConstraints())), preference_(pod, cache, defaults) {}

  std::optional<Refusal> filter(const NodeInfo& node) override { return skew_.filter(node); }
  void counted(const PodInfo& pod, const NodeInfo& node, int change) override { skew_.counted(pod, node, change); }
  void begin_scoring(const std::vector<const NodeInfo*>& fitting) override { preference_.begin(fitting); }
  int64_t score(const NodeInfo& node) override { return preference_.score(node); }
  void normalize(std::vector<int64_t>& scores) override {
    if (!preference_.empty()) preference_.normalize(scores);
  }

 private:
  Skew skew_;
  Preference preference_;
};

class PodTopologySpread final : public Plugin {
 public:
  explicit PodTopologySpread(DefaultConstraints defaults) : defaults_(std::move(defaults)) {}
  std::string_view name() const override { return "PodTopologySpread"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeLabelsChanged | Happening::PodAdded | Happening::PodRemoved;
  }
  int64_t weight() const override { return 2; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache& cache) const override {
    if (pod.pod->spec.topology_spread_constraints.empty() && pod.owner == 0) return nullptr;
    return std::make_unique<SpreadJudge>(pod, cache, defaults_);
  }

 private:
  const DefaultConstraints defaults_;
};

}  // namespace

std::unique_ptr<Plugin> make_pod_topology_spread(DefaultConstraints defaults) {
  return std::make_unique<PodTopologySpread>(std::move(defaults));
}

}  // namespace scheduler
