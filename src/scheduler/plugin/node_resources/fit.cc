#include "scheduler/plugin/node_resources/fit.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace scheduler {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool is_ignored(const FitSettings& settings, std::string_view name) {
  auto slash = name.find('/');
  if (slash == std::string_view::npos) return false;
  return contains(settings.ignored_resources, name) || contains(settings.ignored_groups, name.substr(0, slash));
}

int64_t score_at(const std::vector<ShapePoint>& shape, int64_t utilization) {
  auto after = std::ranges::lower_bound(shape, utilization, {}, &ShapePoint::utilization);
  if (after == shape.begin()) return shape.front().score;
  if (after == shape.end()) return shape.back().score;
  auto before = after - 1;
  return before->score + (after->score - before->score) * (utilization - before->utilization) /
                             (after->utilization - before->utilization);
}

int64_t score_resource(const FitSettings& settings, int64_t wanted, int64_t has) {
  int64_t used = std::min(wanted, has) * kScoreMax / has;
  switch (settings.strategy) {
    case FitStrategy::LeastAllocated:
      return wanted > has ? 0 : (has - wanted) * kScoreMax / has;
    case FitStrategy::MostAllocated:
      return used;
    case FitStrategy::RequestedToCapacityRatio:
      return score_at(settings.shape, used);
  }
  return 0;
}

class FitJudge final : public Judge {
 public:
  FitJudge(const PodInfo& pod, const Devices* devices, const FitSettings& settings)
      : pod_(pod), devices_(devices), settings_(settings) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    std::vector<std::string> reasons;
    bool evicting_may_help = true;
    if (static_cast<int64_t>(node.pods.size()) + 1 > node.pods_max) reasons.emplace_back("Too many pods");
    auto check = [&](std::string_view name, int64_t wanted, int64_t has, int64_t used) {
      if (wanted == 0 || wanted <= has - used) return;
      reasons.push_back(base::cat({"Insufficient ", name}));
      if (wanted > has) evicting_may_help = false;
    };
    const Resources& wanted = pod_.requests;
    check("cpu", wanted.milli_cpu, node.allocatable.milli_cpu, node.requested.milli_cpu);
    check("memory", wanted.memory, node.allocatable.memory, node.requested.memory);
    check("ephemeral-storage", wanted.ephemeral_storage, node.allocatable.ephemeral_storage,
          node.requested.ephemeral_storage);
    for (const auto& [name, amount] : wanted.other) {
      auto has = node.allocatable.other.find(name);
      auto used = node.requested.other.find(name);
      bool lacks = has == node.allocatable.other.end() || has->second == 0;
      if (lacks && devices_ != nullptr && devices_->class_of_resource(name) != nullptr) continue;  // devices stand in
      if (is_ignored(settings_, name)) continue;
      check(name, amount, has == node.allocatable.other.end() ? 0 : has->second,
            used == node.requested.other.end() ? 0 : used->second);
    }
    if (reasons.empty()) return std::nullopt;
    return Refusal{std::move(reasons), evicting_may_help};
  }

  int64_t score(const NodeInfo& node) override { return score_fit(settings_, pod_, node); }

 private:
  const PodInfo& pod_;
  const Devices* devices_;
  const FitSettings& settings_;
};

class NodeResourcesFit final : public Plugin {
 public:
  NodeResourcesFit(const Devices* devices, FitSettings settings) : devices_(devices), settings_(std::move(settings)) {}
  std::string_view name() const override { return "NodeResourcesFit"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeResourcesChanged | Happening::PodRemoved | Happening::DevicesChanged;
  }
  int64_t weight() const override { return 1; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    return std::make_unique<FitJudge>(pod, devices_, settings_);
  }

 private:
  const Devices* devices_;
  const FitSettings settings_;
};

}  // namespace

int64_t score_fit(const FitSettings& settings, const PodInfo& pod, const NodeInfo& node) {
  int64_t sum = 0, weights = 0;
  for (const WeighedResource& resource : settings.resources) {
    int64_t has = resource.of(node.allocatable);
    if (has == 0 || (resource.is_extended() && resource.of(pod.requests) == 0)) continue;
    // Silent pods count for something where all have some: they spread too.
    bool at_least_some = resource.field == &Resources::milli_cpu || resource.field == &Resources::memory;
    int64_t wanted = at_least_some ? resource.of(node.nonzero_requested) + resource.of(pod.nonzero_requests)
                                   : resource.of(node.requested) + resource.of(pod.requests);
    int64_t score = score_resource(settings, wanted, has);
    if (settings.strategy == FitStrategy::RequestedToCapacityRatio && score == 0) continue;
    sum += score * resource.weight;
    weights += resource.weight;
  }
  if (weights == 0) return 0;
  if (settings.strategy != FitStrategy::RequestedToCapacityRatio) return sum / weights;
  return std::llround(static_cast<double>(sum) / static_cast<double>(weights));
}

std::unique_ptr<Plugin> make_node_resources_fit(const Devices* devices, FitSettings settings) {
  return std::make_unique<NodeResourcesFit>(devices, std::move(settings));
}

}  // namespace scheduler
