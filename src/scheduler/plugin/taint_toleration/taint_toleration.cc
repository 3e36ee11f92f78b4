#include "scheduler/plugin/taint_toleration/taint_toleration.h"

#include "base/strings.h"
#include "placement/toleration.h"

namespace scheduler {
namespace {

using Tolerations = std::vector<api::core_v1::Toleration>;

class TaintJudge final : public Judge {
 public:
  explicit TaintJudge(const Tolerations& tolerations) : tolerations_(tolerations) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    for (const auto& taint : node.node->spec.taints) {
      if (taint.effect != "NoSchedule" && taint.effect != "NoExecute") continue;
      if (placement::tolerates(tolerations_, taint)) continue;
      return Refusal{{base::cat({"node(s) had untolerated taint {", taint.key, ": ", taint.value, "}"})}, false};
    }
    return std::nullopt;
  }

  // Counts what is not tolerated; turned round by normalize().
  int64_t score(const NodeInfo& node) override {
    int64_t count = 0;
    for (const auto& taint : node.node->spec.taints) {
      count += taint.effect == "PreferNoSchedule" && !placement::tolerates(tolerations_, taint);
    }
    return count;
  }
  void normalize(std::vector<int64_t>& scores) override { normalize_by_max(scores, true); }

 private:
  const Tolerations& tolerations_;
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
