#include "placement/declared_features.h"

#include <algorithm>

namespace placement {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kPodLevelResize = "InPlacePodLevelResourcesVerticalScaling";
constexpr std::string_view kInitResize = "InPlacePodVerticalScalingInitContainers";
constexpr std::string_view kRestartAll = "RestartAllContainersOnContainerExits";
constexpr std::string_view kDeclared[] = {"ExtendWebSocketsToKubelet", kPodLevelResize, kInitResize, kRestartAll};

bool restarts_all(const std::vector<core::Container>& containers) {
  return std::ranges::any_of(containers, [](const auto& container) {
    return std::ranges::any_of(container.restart_policy_rules,
                               [](const auto& rule) { return rule.action == "RestartAllContainers"; });
  });
}

// Sidecars could always be resized.
bool resizes_init(const core::PodSpec& next, const core::PodSpec& current) {
  for (size_t i = 0; i < current.init_containers.size() && i < next.init_containers.size(); ++i) {
    const auto& before = current.init_containers[i];
    if (before.restart_policy != "Always" && !(before.resources == next.init_containers[i].resources)) return true;
  }
  return false;
}

}  // namespace

std::span<const std::string_view> declared_features() {
  return kDeclared;
}

Features features_to_run(const core::PodSpec& spec) {
  Features needed;
  if (restarts_all(spec.containers) || restarts_all(spec.init_containers)) needed.push_back(kRestartAll);
  return needed;
}

Features features_to_change(const core::PodSpec& next, const core::PodSpec& current) {
  Features needed;
  if (!(next.resources == current.resources)) needed.push_back(kPodLevelResize);
  if (resizes_init(next, current)) needed.push_back(kInitResize);
  return needed;
}

Features missing_features(const Features& needed, const core::Node& node) {
  Features missing;
  for (std::string_view feature : needed)
    if (std::ranges::find(node.status.declared_features, feature) == node.status.declared_features.end())
      missing.push_back(feature);
  return missing;
}

}  // namespace placement
