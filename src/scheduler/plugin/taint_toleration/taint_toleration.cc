#include "scheduler/plugin/taint_toleration/taint_toleration.h"

#include <unordered_map>

#include "base/strings.h"
#include "placement/toleration.h"

namespace scheduler {
namespace {

using api::core_v1::Taint;
using Tolerations = std::vector<api::core_v1::Toleration>;

// Nodes share their taints, so what is thought of them is found out once for all nodes that have the same.
class TaintJudge final : public Judge {
 public:
  explicit TaintJudge(const Tolerations& tolerations) : tolerations_(tolerations) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    const Taint* taint = opinion_on(*node.taints).refused;
    if (taint == nullptr) return std::nullopt;
    return Refusal{{base::cat({"node(s) had untolerated taint {", taint->key, ": ", taint->value, "}"})}, false};
  }

  // Counts what is not tolerated; turned round by normalize().
  int64_t score(const NodeInfo& node) override { return opinion_on(*node.taints).disliked; }
  void normalize(std::vector<int64_t>& scores) override { normalize_by_max(scores, true); }

 private:
  struct Opinion {
    const Taint* refused = nullptr;  // the first that keeps the pod away
    int64_t disliked = 0;            // how many it had better stay away from
  };

  const Opinion& opinion_on(const Taints& taints) {
    if (&taints == last_) return *last_opinion_;
    auto [known, fresh] = opinions_.try_emplace(&taints);
    if (fresh) known->second = judge(taints);
    last_ = &taints;
    last_opinion_ = &known->second;
    return known->second;
  }

  Opinion judge(const Taints& taints) const {
    Opinion opinion;
    for (const auto& taint : taints) {
      if (placement::tolerates(tolerations_, taint)) continue;
      if (taint.effect == "PreferNoSchedule") ++opinion.disliked;
      bool keeps_away = taint.effect == "NoSchedule" || taint.effect == "NoExecute";
      if (keeps_away && opinion.refused == nullptr) opinion.refused = &taint;
    }
    return opinion;
  }

  const Tolerations& tolerations_;
  std::unordered_map<const Taints*, Opinion> opinions_;
  const Taints* last_ = nullptr;
  const Opinion* last_opinion_ = nullptr;
};

class TaintToleration final : public Plugin {
 public:
  std::string_view name() const override { return "TaintToleration"; }
  Happening wakers() const override { return Happening::NodeAdded | Happening::NodeTaintsChanged; }
  int64_t weight() const override { return 3; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    return std::make_unique<TaintJudge>(pod.pod->spec.tolerations);
  }
};

}  // namespace

std::unique_ptr<Plugin> make_taint_toleration() {
  return std::make_unique<TaintToleration>();
}

}  // namespace scheduler
