// Carries out plan_flow_upkeep() whenever flow schemas or priority levels change. One loop.
#pragma once

#include <vector>

#include "apiserver/authz/follower.h"
#include "apiserver/flowcontrol/upkeep_plan.h"
#include "apiserver/registry/registry.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

class FlowUpkeep {
 public:
  // `registry` is borrowed; `shipped`: the objects that upstream ships.
  FlowUpkeep(Registry& registry, std::vector<schema::Object> shipped);

  // Works until cancelled, or until the store closes.
  io::Task<void> run();

 private:
  void put(const schema::Object& object);
  io::Task<base::Result<void>> repair(FlowRepair repair);

  Registry& registry_;
  FlowObjects wanted_;
  FlowObjects there_;
  Follower schemas_;
  Follower levels_;
  io::Event stirred_;
  io::Scope scope_;
};

}  // namespace apiserver
