#include "scheduler/plugin/node_resources/fit.h"

#include "base/strings.h"

namespace scheduler {
namespace {

class FitJudge final : public Judge {
 public:
  FitJudge(const PodInfo& pod, const Devices* devices) : pod_(pod), devices_(devices) {}

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
      check(name, amount, has == node.allocatable.other.end() ? 0 : has->second,
            used == node.requested.other.end() ? 0 : used->second);
    }
    if (reasons.empty()) return std::nullopt;
    return Refusal{std::move(reasons), evicting_may_help};
  }

  // The share that would be left, of cpu and of memory alike.
  int64_t score(const NodeInfo& node) override {
    auto left = [](int64_t has, int64_t wanted) -> int64_t {
      if (has == 0 || wanted > has) return 0;
      return (has - wanted) * kScoreMax / has;
    };
    int64_t cpu = left(node.allocatable.milli_cpu, node.nonzero_requested.milli_cpu + pod_.nonzero_requests.milli_cpu);
    int64_t memory = left(node.allocatable.memory, node.nonzero_requested.memory + pod_.nonzero_requests.memory);
    return (cpu + memory) / 2;
  }

 private:
  const PodInfo& pod_;
  const Devices* devices_;
};

class NodeResourcesFit final : public Plugin {
 public:
  explicit NodeResourcesFit(const Devices* devices) : devices_(devices) {}
  std::string_view name() const override { return "NodeResourcesFit"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeResourcesChanged | Happening::PodRemoved | Happening::DevicesChanged;
  }
  int64_t weight() const override { return 1; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    return std::make_unique<FitJudge>(pod, devices_);
  }

 private:
  const Devices* devices_;
};

}  // namespace

std::unique_ptr<Plugin> make_node_resources_fit(const Devices* devices) {
  return std::make_unique<NodeResourcesFit>(devices);
}

}  // namespace scheduler
