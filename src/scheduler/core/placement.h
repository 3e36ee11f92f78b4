// Finds the node for one pod: filters, then scores. Pure over the cache but for the point from which it starts looking,
// which moves on so that all nodes get their turn.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "scheduler/core/nominations.h"
#include "scheduler/core/plugin.h"

namespace scheduler {

struct Placement {
  std::string node;  // "" when none will do
  // Then: what to tell people ("0/3 nodes are available: 2 Insufficient cpu, ..."), what may change it, and where
  // others would have to go for it.
  std::string message;
  Happening wakers = Happening::None;
  bool told = true;  // see Refusal
  std::vector<const NodeInfo*> evictable;
};

class Placer {
 public:
  // `share`: how many of the nodes, in per cent, are looked for before the best of those that fit is taken; 0: as many
  // as fit the size of the cluster.
  Placer(Plugins plugins, base::Random& random, int share = 0);

  Placement place(const PodInfo& pod, const Cache& cache, const Nominations& nominations);
  const Plugins& plugins() const { return plugins_; }

  // How many fitting nodes are looked for: all up to 100; of more the share, which shrinks from half to a twentieth
  // when it is not given. (Documentation: "Scheduler Performance Tuning".)
  static size_t enough_of(size_t nodes, int share = 0);

 private:
  const Plugins plugins_;
  base::Random& random_;
  const int share_;
  size_t next_start_ = 0;
};

}  // namespace scheduler
