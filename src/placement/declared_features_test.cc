#include "placement/declared_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace placement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

api::core_v1::PodSpec with_init(std::string_view cpu, bool sidecar) {
  api::core_v1::PodSpec spec;
  auto& init = spec.init_containers.emplace_back();
  init.resources.requests["cpu"] = *base::Quantity::parse(cpu);
  if (sidecar) init.restart_policy = "Always";
  return spec;
}

TEST(DeclaredFeatures, ResizeOfAnInitContainerIsOneAndOfASidecarIsNot) {
  EXPECT_THAT(features_to_change(with_init("2", false), with_init("1", false)),
              ElementsAre("InPlacePodVerticalScalingInitContainers"));
  EXPECT_THAT(features_to_change(with_init("2", true), with_init("1", true)), IsEmpty());
  EXPECT_THAT(features_to_change(with_init("1", false), with_init("1", false)), IsEmpty());
}

TEST(DeclaredFeatures, ResizeOfThePodItselfIsOne) {
  api::core_v1::PodSpec next;
  next.resources.emplace().requests["cpu"] = *base::Quantity::parse("1");
  auto needed = features_to_change(next, {});
  EXPECT_THAT(needed, ElementsAre("InPlacePodLevelResourcesVerticalScaling"));
  api::core_v1::Node node;
  EXPECT_THAT(missing_features(needed, node), ElementsAre("InPlacePodLevelResourcesVerticalScaling"));
  node.status.declared_features = {"InPlacePodLevelResourcesVerticalScaling"};
  EXPECT_THAT(missing_features(needed, node), IsEmpty());
}

}  // namespace
}  // namespace placement
