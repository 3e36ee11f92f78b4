#include "scheduler/plugin/node_resources/balanced_allocation.h"

#include <algorithm>
#include <cmath>

namespace scheduler {
namespace {

class BalanceJudge final : public Judge {
 public:
  explicit BalanceJudge(const PodInfo& pod) : pod_(pod) {}
  int64_t score(const NodeInfo& node) override {
    auto share = [](int64_t wanted, int64_t has) {
      return has == 0 ? 1.0 : std::min(1.0, static_cast<double>(wanted) / static_cast<double>(has));
    };
    double cpu = share(node.requested.milli_cpu + pod_.requests.milli_cpu, node.allocatable.milli_cpu);
    double memory = share(node.requested.memory + pod_.requests.memory, node.allocatable.memory);
    // The standard deviation of two numbers is half their distance.
    return static_cast<int64_t>((1 - std::fabs(cpu - memory) / 2) * kScoreMax);
  }

 private:
  const PodInfo& pod_;
};

class BalancedAllocation final : public Plugin {
 public:
  std::string_view name() const override { return "NodeResourcesBalancedAllocation"; }
  Happening wakers() const override { return Happening::None; }
  bool filters() const override { return false; }
  int64_t weight() const override { return 1; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    if (pod.requests.milli_cpu == 0 && pod.requests.memory == 0) return nullptr;  // it tips no balance
    return std::make_unique<BalanceJudge>(pod);
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_resources_balanced_allocation() {
  return std::make_unique<BalancedAllocation>();
}

}  // namespace scheduler
