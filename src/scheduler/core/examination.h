// What the plugins say about one pod and node after node. Made for each attempt to place a pod; pure over what it is
// given.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "scheduler/core/nominations.h"
#include "scheduler/core/plugin.h"

namespace scheduler {

class Examination {
 public:
  // All borrowed.
  Examination(const Plugins& plugins, const PodInfo& pod, const Cache& cache, const Nominations& nominations);

  struct Objection {
    const Plugin* plugin;
    Refusal refusal;
  };
  // What keeps the pod from every node, whichever it is.
  std::optional<Objection> filter_all();
  // The first plugin that refuses the node decides. The node must do both with and without the pods for which it is
  // kept and which are as important.
  std::optional<Objection> filter(const NodeInfo& node);

  // The nodes that will do, each with its score.
  std::vector<int64_t> scores(const std::vector<const NodeInfo*>& fitting);

  // From now on the node is judged as if the pod had left it, or had come: `node` is a copy that is changed too.
  void take_off(NodeInfo& node, const PodInfoRef& pod);
  void put_on(NodeInfo& node, const PodInfoRef& pod);

 private:
  struct Opinion {
    const PluginInUse* plugin;
    std::unique_ptr<Judge> judge;
  };
  std::optional<Objection> filter_as_it_is(const NodeInfo& node);

  const PodInfo& pod_;
  const Nominations& nominations_;
  std::vector<Opinion> opinions_;
};

}  // namespace scheduler
