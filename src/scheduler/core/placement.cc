#include "scheduler/core/placement.h"

#include <algorithm>

#include "base/strings.h"
#include "scheduler/core/examination.h"
#include "scheduler/core/reasons.h"

namespace scheduler {
namespace {

constexpr size_t kAlwaysEnough = 100;

// Why nodes would not do, counted.
class Diagnosis {
 public:
  void add(const Examination::Objection& objection) {
    for (const auto& reason : objection.refusal.reasons) ++counts_[reason];
    wakers_ = wakers_ | objection.plugin->wakers();
  }
  Happening wakers() const { return wakers_; }
  // Why none will do, whichever it is.
  void add_all(const Examination::Objection& objection) {
    whole_ = base::join(objection.refusal.reasons, ", ");
    wakers_ = wakers_ | objection.plugin->wakers();
  }
  std::string text(size_t nodes) const {
    if (nodes == 0) return "no nodes available to schedule pods";
    if (whole_.empty()) return nodes_available(nodes, counts_);
    return base::cat({"0/", std::to_string(nodes), " nodes are available: ", whole_, "."});
  }

 private:
  ReasonCounts counts_;
  std::string whole_;
  Happening wakers_ = Happening::NodeAdded;
};

}  // namespace

Placer::Placer(Plugins plugins, base::Random& random, int share)
    : plugins_(std::move(plugins)), random_(random), share_(share) {}

size_t Placer::enough_of(size_t nodes, int given) {
  if (nodes < kAlwaysEnough) return nodes;
  size_t share = given > 0 ? static_cast<size_t>(given) : 50 - std::min<size_t>(45, nodes / 125);
  return std::min(nodes, std::max(kAlwaysEnough, nodes * share / 100));
}

Placement Placer::place(const PodInfo& pod, const Cache& cache, const Nominations& nominations) {
  Examination examination(plugins_, pod, cache, nominations);
  const auto& nodes = cache.nodes();
  Placement none;
  Diagnosis diagnosis;
  if (auto objection = examination.filter_all()) {
    diagnosis.add_all(*objection);
    none.message = diagnosis.text(nodes.size());
    none.wakers = diagnosis.wakers();
    none.told = objection->refusal.told;
    return none;
  }
  // The node that was cleared for it, if it is good by now.
  const NodeInfo* cleared = cache.node(nominations.node_of(pod.key));
  if (cleared && cleared->node && !examination.filter(*cleared)) return {.node = cleared->name};
  std::vector<const NodeInfo*> fitting;
  size_t enough = enough_of(nodes.size(), share_);
  size_t looked_at = 0;
  for (; looked_at < nodes.size() && fitting.size() < enough; ++looked_at) {
    const NodeInfo& node = *nodes[(next_start_ + looked_at) % nodes.size()];
    auto objection = examination.filter(node);
    if (!objection) {
      fitting.push_back(&node);
    } else {
      diagnosis.add(*objection);
      if (objection->refusal.evicting_may_help) none.evictable.push_back(&node);
    }
  }
  if (!nodes.empty()) next_start_ = (next_start_ + looked_at) % nodes.size();
  if (fitting.empty()) {
    none.message = diagnosis.text(nodes.size());
    none.wakers = diagnosis.wakers();
    return none;
  }
  if (fitting.size() == 1) return {.node = fitting[0]->name};

  auto scores = examination.scores(fitting);
  int64_t best = *std::max_element(scores.begin(), scores.end());
  // Among equals any, so that they fill alike.
  size_t equals = static_cast<size_t>(std::count(scores.begin(), scores.end(), best));
  size_t chosen = random_.below(equals);
  for (size_t i = 0;; ++i) {
    if (scores[i] == best && chosen-- == 0) return {.node = fitting[i]->name};
  }
}

}  // namespace scheduler
