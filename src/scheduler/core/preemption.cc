#include "scheduler/core/preemption.h"

#include <algorithm>
#include <tuple>

#include "scheduler/core/examination.h"
#include "scheduler/core/reasons.h"

namespace scheduler {
namespace {

bool more_important(const PodInfoRef& a, const PodInfoRef& b) {
  if (a->priority != b->priority) return a->priority > b->priority;
  return std::tie(a->started, a->key) < std::tie(b->started, b->key);
}

struct Candidate {
  const NodeInfo* node;
  std::vector<PodInfoRef> victims;  // the most important first
  int broken_budgets = 0;

  // The smaller the better.
  auto cost() const {
    int64_t sum = 0;
    int64_t youngest = INT64_MAX;  // when the first of the most important ones started
    for (const auto& victim : victims) {
      sum += int64_t{victim->priority} + INT32_MAX + 1;  // never negative, so that each counts
      if (victim->priority == victims[0]->priority) youngest = std::min(youngest, victim->started);
    }
    return std::tuple(broken_budgets, victims[0]->priority, sum, victims.size(), -youngest);
  }
};

// How many more of its pods each budget lets go.
class Budgets {
 public:
  explicit Budgets(const std::vector<std::shared_ptr<const api::policy_v1::PodDisruptionBudget>>& budgets) {
    for (const auto& budget : budgets) {
      if (!budget->spec.selector) continue;
      auto selector = schema::LabelSelector::from(*budget->spec.selector);
      if (!selector || selector->is_everything()) continue;
      known_.push_back({budget.get(), std::move(*selector), budget->status.disruptions_allowed});
    }
  }

  // Whether a budget is broken when this pod goes too.
  bool are_broken_by(const PodInfo& pod) {
    bool broken = false;
    for (auto& one : known_) {
      if (one.budget->metadata.namespace_ != pod.key.namespace_ || !one.selector.matches(pod.labels)) continue;
      if (one.budget->status.disrupted_pods.contains(pod.key.name)) continue;  // it is counted already
      broken |= --one.allowed < 0;
    }
    return broken;
  }

 private:
  struct Known {
    const api::policy_v1::PodDisruptionBudget* budget;
    schema::LabelSelector selector;
    int64_t allowed;
  };
  std::vector<Known> known_;
};

// Takes off all that is less important, then lets stay as many as can, the most important first, and before them those
// whose budgets would be broken.
std::optional<Candidate> clear(const NodeInfo& node, const PreemptionInput& input, Examination& examination,
                               ReasonCounts& reasons) {
  std::vector<PodInfoRef> lesser;
  for (const auto& [key, pod] : node.pods) {
    if (pod->priority < input.pod.priority) lesser.push_back(pod);
  }
  if (lesser.empty()) {
    ++reasons["No preemption victims found for incoming pod"];
    return std::nullopt;
  }
  std::sort(lesser.begin(), lesser.end(), more_important);
  NodeInfo cleared = node;
  for (const auto& pod : lesser) examination.take_off(cleared, pod);

  Candidate candidate{&node, {}, 0};
  auto objection = examination.filter(cleared);
  if (objection) {
    for (const auto& reason : objection->refusal.reasons) ++reasons[reason];
  } else {
    Budgets budgets(input.budgets);
    std::vector<PodInfoRef> guarded, others;
    for (const auto& pod : lesser) (budgets.are_broken_by(*pod) ? guarded : others).push_back(pod);
    auto let_stay = [&](const PodInfoRef& pod) {
      examination.put_on(cleared, pod);
      if (!examination.filter(cleared)) return true;
      examination.take_off(cleared, pod);
      candidate.victims.push_back(pod);
      return false;
    };
    for (const auto& pod : guarded) candidate.broken_budgets += !let_stay(pod);
    for (const auto& pod : others) let_stay(pod);
    std::sort(candidate.victims.begin(), candidate.victims.end(), more_important);
  }
  // The next node is judged with everything in its place.
  for (const auto& pod : lesser) {
    if (!cleared.pods.contains(pod->key)) examination.put_on(cleared, pod);
  }
  if (objection || candidate.victims.empty()) return std::nullopt;
  return candidate;
}

}  // namespace

std::string why_it_may_not_preempt(const PodInfo& pod, const Cache& cache, const Nominations& nominations) {
  if (pod.pod->spec.preemption_policy == "Never") return "not eligible due to preemptionPolicy=Never.";
  const NodeInfo* cleared = cache.node(nominations.node_of(pod.key));
  if (!cleared) return "";
  for (const auto& [key, other] : cleared->pods) {
    if (other->terminating && other->priority < pod.priority) {
      return "not eligible due to a terminating pod on the nominated node.";
    }
  }
  return "";
}

Preemption find_preemption(const PreemptionInput& input, base::Random& random) {
  size_t nodes = input.cache.nodes().size();
  size_t enough = std::max(input.settings.candidates_least, nodes * input.settings.candidates_share / 100);
  Examination examination(input.plugins, input.pod, input.cache, input.nominations);
  ReasonCounts reasons;
  if (nodes > input.evictable.size()) {
    reasons["Preemption is not helpful for scheduling"] = nodes - input.evictable.size();
  }
  std::optional<Candidate> best;
  size_t found = 0;
  size_t count = input.evictable.size();
  size_t start = count ? random.below(count) : 0;
  for (size_t i = 0; i < count && found < enough; ++i) {
    auto candidate = clear(*input.evictable[(start + i) % count], input, examination, reasons);
    if (!candidate) continue;
    ++found;
    if (!best || candidate->cost() < best->cost()) best = std::move(candidate);
  }
  if (!best) return {"", {}, nodes_available(nodes, reasons)};
  return {best->node->name, std::move(best->victims), ""};
}

}  // namespace scheduler
