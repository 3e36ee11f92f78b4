#include "scheduler/core/placement.h"

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace scheduler {
namespace {

constexpr size_t kAlwaysEnough = 100;

struct Opinion {
  const Plugin* plugin;
  std::unique_ptr<Judge> judge;
};

// Why nodes would not do, counted.
class Diagnosis {
 public:
  void add(const Plugin& plugin, const Refusal& refusal) {
    for (const auto& reason : refusal.reasons) ++counts_[reason];
    wakers_ = wakers_ | plugin.wakers();
    ++(refusal.evicting_may_help ? evictable_ : hopeless_);
  }
  Happening wakers() const { return wakers_; }

  // In upstream's words, reasons in alphabetical order of "COUNT REASON".
  std::string text(size_t nodes) const {
    if (nodes == 0) return "no nodes available to schedule pods";
    auto total = std::to_string(nodes);
    std::string out = base::cat({"0/", total, " nodes are available: ", list(counts_), "."});
    std::map<std::string, size_t> why;
    if (evictable_) why["No preemption victims found for incoming pod"] = evictable_;
    if (hopeless_) why["Preemption is not helpful for scheduling"] = hopeless_;
    return out +
           base::cat({" no new claims to deallocate, preemption: 0/", total, " nodes are available: ", list(why), "."});
  }

 private:
  static std::string list(const std::map<std::string, size_t>& counts) {
    std::vector<std::string> lines;
    for (const auto& [reason, count] : counts) lines.push_back(base::cat({std::to_string(count), " ", reason}));
    std::sort(lines.begin(), lines.end());
    return base::join(lines, ", ");
  }

  std::map<std::string, size_t> counts_;
  Happening wakers_ = Happening::NodeAdded;
  size_t evictable_ = 0;
  size_t hopeless_ = 0;
};

// The first plugin that refuses a node decides.
bool passes(std::vector<Opinion>& opinions, const NodeInfo& node, Diagnosis& diagnosis) {
  for (auto& opinion : opinions) {
    if (!opinion.plugin->filters()) continue;
    if (auto refusal = opinion.judge->filter(node)) {
      diagnosis.add(*opinion.plugin, *refusal);
      return false;
    }
  }
  return true;
}

}  // namespace

Placer::Placer(Plugins plugins, base::Random& random) : plugins_(std::move(plugins)), random_(random) {}

size_t Placer::enough_of(size_t nodes) {
  if (nodes < kAlwaysEnough) return nodes;
  size_t share = 50 - std::min<size_t>(45, nodes / 125);
  return std::max(kAlwaysEnough, nodes * share / 100);
}

Placement Placer::place(const PodInfo& pod, const Cache& cache) {
  std::vector<Opinion> opinions;
  for (const auto& plugin : plugins_) {
    if (auto judge = plugin->judge(pod, cache)) opinions.push_back({plugin.get(), std::move(judge)});
  }
  const auto& nodes = cache.nodes();
  Diagnosis diagnosis;
  std::vector<const NodeInfo*> fitting;
  size_t enough = enough_of(nodes.size());
  size_t looked_at = 0;
  for (; looked_at < nodes.size() && fitting.size() < enough; ++looked_at) {
    const NodeInfo& node = *nodes[(next_start_ + looked_at) % nodes.size()];
    if (passes(opinions, node, diagnosis)) fitting.push_back(&node);
  }
  if (!nodes.empty()) next_start_ = (next_start_ + looked_at) % nodes.size();
  if (fitting.empty()) return {"", diagnosis.text(nodes.size()), diagnosis.wakers()};
  if (fitting.size() == 1) return {fitting[0]->name, "", Happening::None};

  std::vector<int64_t> totals(fitting.size(), 0);
  std::vector<int64_t> scores(fitting.size());
  for (auto& opinion : opinions) {
    int64_t weight = opinion.plugin->weight();
    if (weight == 0) continue;
    for (size_t i = 0; i < fitting.size(); ++i) scores[i] = opinion.judge->score(*fitting[i]);
    opinion.judge->normalize(scores);
    for (size_t i = 0; i < fitting.size(); ++i) totals[i] += weight * scores[i];
  }
  int64_t best = *std::max_element(totals.begin(), totals.end());
  // Among equals any, so that they fill alike.
  size_t equals = static_cast<size_t>(std::count(totals.begin(), totals.end(), best));
  size_t chosen = random_.below(equals);
  for (size_t i = 0;; ++i) {
    if (totals[i] == best && chosen-- == 0) return {fitting[i]->name, "", Happening::None};
  }
}

}  // namespace scheduler
