// Whom a pod that finds no place may drive out: on which node, and which of the less important pods there. Pure.
// Kubernetes documentation, "Pod Priority and Preemption".
#pragma once

#include <string>
#include <vector>

#include "api/policy_v1.h"
#include "base/random.h"
#include "scheduler/core/nominations.h"
#include "scheduler/core/plugin.h"

namespace scheduler {

struct Preemption {
  std::string node;  // "" when driving out does not help
  std::vector<PodInfoRef> victims;
  std::string message;  // then: why, as in "preemption: ..."
};

// Of how many nodes the best is taken, at least: the larger of the two.
struct PreemptionSettings {
  size_t candidates_share = 10;  // per cent of the nodes
  size_t candidates_least = 100;
};

struct PreemptionInput {
  const Plugins& plugins;
  const PodInfo& pod;
  const Cache& cache;
  const Nominations& nominations;
  const std::vector<const NodeInfo*>& evictable;  // the nodes where fewer pods may help
  std::vector<std::shared_ptr<const api::policy_v1::PodDisruptionBudget>> budgets;
  PreemptionSettings settings = {};
};

// Whether the pod may drive out others at all; else why not.
std::string why_it_may_not_preempt(const PodInfo& pod, const Cache& cache, const Nominations& nominations);

// Fewest broken disruption budgets, then the least important victims, the smallest sum of their priorities, the fewest
// of them, the youngest of the most important. Of many nodes some are looked at, from a random one on.
Preemption find_preemption(const PreemptionInput& input, base::Random& random);

}  // namespace scheduler
