// Gives pods their nodes: takes the first that waits, finds its node, and binds it there. One loop; many bindings are
// under way at once.
#pragma once

#include <memory>
#include <vector>

#include "api/core_v1.h"
#include "base/clock.h"
#include "base/random.h"
#include "client/cache.h"
#include "client/client.h"
#include "io/task.h"
#include "scheduler/core/queue.h"
#include "scheduler/profile.h"

namespace scheduler {

struct SchedulerOptions {
  std::vector<Profile> profiles = {Profile()};  // pods that name another scheduler are not ours
  BackOffSettings back_off;
  int bindings_max = 256;  // under way at once
};

class Scheduler {
 public:
  // `pods` and `nodes` are followed, and run by the caller: they may be shared with other parts of the process. Add no
  // listeners to them after run(). Everything given is borrowed and outlives the scheduler.
  Scheduler(SchedulerOptions options, client::Client client, client::Cache<api::core_v1::Pod>& pods,
            client::Cache<api::core_v1::Node>& nodes, base::Clock& clock, base::Random& random);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;

  // Works until cancelled.
  io::Task<void> run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace scheduler
