#include "main/part/scheduler_options.h"

#include <gtest/gtest.h>

#include "schema/json.h"
#include "schema/yaml.h"

namespace navarch {
namespace {

using api::kubescheduler_config_k8s_io_v1::KubeSchedulerConfiguration;
using scheduler::FitStrategy;
using scheduler::Profile;

// The options, or what is wrong with them.
struct SchedulerOptionsTest : testing::Test {
  std::string read(std::string yaml) {
    auto json = schema::yaml_to_json(yaml, schema::DuplicateKeys::Refused);
    auto from = schema::from_json<KubeSchedulerConfiguration>(*json);
    auto done = read_scheduler_options(*from);
    if (!done) return done.error().message();
    options = std::move(*done);
    return "good";
  }
  std::string read_profile(std::string yaml) { return read("profiles: [" + yaml + "]"); }
  const Profile& profile() const { return options.profiles.at(0); }
  bool uses(std::string_view plugin) const { return profile().plugins->contains(plugin); }

  scheduler::SchedulerOptions options;
};

TEST_F(SchedulerOptionsTest, WhatIsNotSaidIsAsItComes) {
  ASSERT_EQ(read("{}"), "good");
  ASSERT_EQ(options.profiles.size(), 1u);
  EXPECT_EQ(profile().name, "default-scheduler");
  EXPECT_FALSE(profile().plugins);
  EXPECT_EQ(options.back_off.most_ns, 10'000'000'000);
}

TEST_F(SchedulerOptionsTest, ProfilesTakeTheShareOfNodesFromAllOrSayTheirOwn) {
  ASSERT_EQ(read("{percentageOfNodesToScore: 40, podInitialBackoffSeconds: 2, podMaxBackoffSeconds: 20,"
                 " profiles: [{}, {schedulerName: other, percentageOfNodesToScore: 70}]}"),
            "good");
  EXPECT_EQ(options.profiles[0].nodes_share, 40);
  EXPECT_EQ(options.profiles[1].name, "other");
  EXPECT_EQ(options.profiles[1].nodes_share, 70);
  EXPECT_EQ(options.back_off.first_ns, 2'000'000'000);
}

TEST_F(SchedulerOptionsTest, PointsAddToAndTakeFromWhatIsInUseEverywhere) {
  ASSERT_EQ(
      read_profile("{plugins: {multiPoint: {disabled: [{name: ImageLocality}], enabled: [{name: NodeAffinity, "
                   "weight: 7}]}, score: {disabled: [{name: TaintToleration}], enabled: [{name: InterPodAffinity, "
                   "weight: 9}]}, postFilter: {disabled: [{name: '*'}]}}}"),
      "good");
  EXPECT_FALSE(uses("ImageLocality"));
  EXPECT_EQ(profile().plugins->at("NodeAffinity").weight, 7);
  EXPECT_EQ(profile().plugins->at("InterPodAffinity").weight, 9);
  EXPECT_EQ(profile().plugins->at("TaintToleration").weight, 0);
  EXPECT_TRUE(profile().plugins->at("TaintToleration").filters);
  EXPECT_EQ(profile().plugins->at("PodTopologySpread").weight, std::nullopt);
  EXPECT_FALSE(profile().preempts);
}

TEST_F(SchedulerOptionsTest, OnlyWhatIsNamedIsInUseAfterAllWasTakenOut) {
  ASSERT_EQ(read_profile("{plugins: {multiPoint: {disabled: [{name: '*'}], enabled: [{name: PrioritySort}, {name: "
                         "DefaultBinder}, {name: NodeName}, {name: VolumeBinding}, {name: DynamicResources}]}}}"),
            "good");
  EXPECT_TRUE(uses("NodeName"));
  EXPECT_FALSE(uses("NodeResourcesFit"));
  EXPECT_FALSE(profile().preempts);
  EXPECT_FALSE(profile().heeds_gates);
}

TEST_F(SchedulerOptionsTest, ArgumentsReachTheirPlugins) {
  ASSERT_EQ(
      read_profile(
          "{pluginConfig: [{name: NodeResourcesFit, args: {ignoredResourceGroups: [example.com], "
          "scoringStrategy: {type: RequestedToCapacityRatio, resources: [{name: cpu, weight: 3}], "
          "requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}}}, "
          "{name: InterPodAffinity, args: {hardPodAffinityWeight: 5}}, {name: PodTopologySpread, args: "
          "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "
          "DoNotSchedule}]}}, {name: VolumeBinding, args: {bindTimeoutSeconds: 30}}, {name: DynamicResources, args: "
          "{filterTimeout: 10s, bindingTimeout: 5m}}]}"),
      "good");
  EXPECT_EQ(profile().fit.strategy, FitStrategy::RequestedToCapacityRatio);
  EXPECT_EQ(profile().fit.resources.at(0).weight, 3);
  EXPECT_EQ(profile().fit.shape.at(1).score, 100);
  EXPECT_EQ(profile().fit.ignored_groups, std::vector<std::string>{"example.com"});
  EXPECT_EQ(profile().pod_affinity.hard_weight, 5);
  EXPECT_EQ(profile().default_constraints->size(), 1u);
  EXPECT_EQ(profile().volume_timeout, std::chrono::seconds(30));
  EXPECT_EQ(profile().devices_ready_within, std::chrono::minutes(5));
}

TEST_F(SchedulerOptionsTest, NonsenseIsRefusedWithItsPlace) {
  EXPECT_EQ(read("{percentageOfNodesToScore: 101}"),
            "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]");
  EXPECT_EQ(read("{profiles: [{schedulerName: a}, {schedulerName: a}]}"),
            "profiles[1].schedulerName: Duplicate value: \"a\"");
  EXPECT_EQ(read("{podMaxBackoffSeconds: 0}"),
            "podMaxBackoffSeconds: Invalid value: 0: must be greater than or equal to PodInitialBackoffSeconds");
  EXPECT_EQ(read("{extenders: [{urlPrefix: 'http://a'}]}"), "extenders[0]: Forbidden: extenders are not supported");
  EXPECT_EQ(read_profile("{plugins: {filter: {enabled: [{name: Mine}]}}}"),
            "profiles[0].plugins.filter.enabled[0]: Not found: \"Mine\"");
  EXPECT_EQ(read_profile("{plugins: {bind: {disabled: [{name: DefaultBinder}]}}}"),
            "profiles[0].plugins.bind: Forbidden: DefaultBinder cannot be left out");
  EXPECT_EQ(read_profile("{pluginConfig: [{name: NodeResourcesFit, args: {nonsense: 1}}]}"),
            "profiles[0].pluginConfig[0].args: Invalid value: {\"nonsense\":1}: unknown field \"nonsense\"");
  EXPECT_EQ(read_profile("{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: -1}}]}"),
            "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: -1: not in valid range [0-100]");
}

}  // namespace
}  // namespace navarch
