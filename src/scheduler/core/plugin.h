// One rule of where pods go. A plugin is a folder under scheduler/plugin/ and a line in plugin/list.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/task.h"
#include "scheduler/core/cache.h"
#include "scheduler/core/queue.h"

namespace scheduler {

constexpr int64_t kScoreMax = 100;

// Why a node will not do.
struct Refusal {
  std::vector<std::string> reasons;  // "Insufficient cpu"; counted over all nodes for the event
  bool evicting_may_help = true;     // false: also without any other pod it would not do
  bool told = true;                  // false: the pod waits for what others are about to make, and nobody is told
};

// A plugin's opinion on one pod, while it is being placed. Pure over the cache.
class Judge {
 public:
  virtual ~Judge() = default;
  // Why no node at all will do; told without counting nodes.
  virtual std::optional<Refusal> filter_all() { return std::nullopt; }
  virtual std::optional<Refusal> filter(const NodeInfo& node) { return std::nullopt; }
  // For what was worked out over all nodes: `pod` counts on `node` once more (1), or not any more (-1).
  virtual void counted(const PodInfo& pod, const NodeInfo& node, int change) {}
  // Before score(): all the nodes that it will be asked about.
  virtual void begin_scoring(const std::vector<const NodeInfo*>& fitting) {}
  // The more the better; after normalize() 0 to kScoreMax.
  virtual int64_t score(const NodeInfo& node) { return 0; }
  virtual void normalize(std::vector<int64_t>& scores) {}
};

// What became of a pod that was to be bound.
enum class Outcome : uint8_t { Bound, GivenUp };

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual std::string_view name() const = 0;
  // What may make a pod fit that this plugin refused.
  virtual Happening wakers() const = 0;
  // Unless a profile says otherwise: whether it filters, and what its score weighs; 0: it does not score.
  virtual bool filters() const { return true; }
  virtual int64_t weight() const { return 0; }
  // Null: nothing to say about this pod.
  virtual std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache& cache) const = 0;

  // Whether the following are for it to do for this pod. Asked of every pod: cheap.
  virtual bool reserves(const PodInfo& pod) const { return false; }
  // The pod gets that node: what it counts on there is promised to it at once, so that no other pod counts on it.
  virtual void reserve(const PodInfo& pod, const NodeInfo& node) {}
  // Before it is bound there: what has to be so in the API. An Error keeps it from being bound.
  virtual io::Task<base::Result<void>> pre_bind(PodInfoRef pod, std::string node) { co_return {}; }
  // It is bound, or will not be: promises are over.
  virtual void release(const PodInfo& pod, Outcome outcome) {}
  // No node will do: what the plugin does about it, in upstream's words, "" for nothing.
  virtual std::string unplaced(const PodInfo& pod, const Cache& cache) { return ""; }
};

// A plugin at work in a profile.
struct PluginInUse {
  PluginInUse(std::unique_ptr<Plugin> made)  // NOLINT: as it comes
      : plugin(std::move(made)), filters(plugin->filters()), weight(plugin->weight()) {}
  Plugin* operator->() const { return plugin.get(); }

  std::unique_ptr<Plugin> plugin;
  bool filters;
  int64_t weight;  // of its score; 0: it does not score
};
using Plugins = std::vector<PluginInUse>;

// Scores spread over 0 to kScoreMax by the largest; `reverse`: the largest becomes 0.
void normalize_by_max(std::vector<int64_t>& scores, bool reverse);

}  // namespace scheduler
