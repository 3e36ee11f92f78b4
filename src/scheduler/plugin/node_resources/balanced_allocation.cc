#include "scheduler/plugin/node_resources/balanced_allocation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace scheduler {
namespace {

class BalanceJudge final : public Judge {
 public:
  BalanceJudge(const PodInfo& pod, const std::vector<WeighedResource>& resources) : pod_(pod), resources_(resources) {}
  int64_t score(const NodeInfo& node) override {
    shares_.clear();
    for (const WeighedResource& resource : resources_) {
      int64_t has = resource.of(node.allocatable);
      int64_t asked = resource.of(pod_.requests);
      if (has == 0 || (resource.is_extended() && asked == 0)) continue;
      double wanted = static_cast<double>(resource.of(node.requested) + asked);
      shares_.push_back(std::min(1.0, wanted / static_cast<double>(has)));
    }
    return static_cast<int64_t>((1 - standard_deviation(shares_)) * kScoreMax);
  }

 private:
  static double standard_deviation(const std::vector<double>& shares) {
    if (shares.size() < 2) return 0;
    if (shares.size() == 2) return std::fabs(shares[0] - shares[1]) / 2;
    double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
    double sum = 0;
    for (double share : shares) sum += (share - mean) * (share - mean);
    return std::sqrt(sum / static_cast<double>(shares.size()));
  }

  const PodInfo& pod_;
  const std::vector<WeighedResource>& resources_;
  std::vector<double> shares_;
};

class BalancedAllocation final : public Plugin {
 public:
  explicit BalancedAllocation(std::vector<WeighedResource> resources) : resources_(std::move(resources)) {}
  std::string_view name() const override { return "NodeResourcesBalancedAllocation"; }
  Happening wakers() const override { return Happening::None; }
  bool filters() const override { return false; }
  int64_t weight() const override { return 1; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    bool tips = std::ranges::any_of(resources_, [&](auto& resource) { return resource.of(pod.requests) != 0; });
    return tips ? std::make_unique<BalanceJudge>(pod, resources_) : nullptr;
  }

 private:
  const std::vector<WeighedResource> resources_;
};

}  // namespace

std::unique_ptr<Plugin> make_node_resources_balanced_allocation(std::vector<WeighedResource> resources) {
  return std::make_unique<BalancedAllocation>(std::move(resources));
}

}  // namespace scheduler
