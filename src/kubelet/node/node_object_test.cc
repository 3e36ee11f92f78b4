#include "kubelet/node/node_object.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kubelet {
namespace {

struct Facts {
  KubeletOptions options;
  Machine machine;
  NodeFacts facts() {
    options.node_name = "n1";
    machine.cpus = 4;
    machine.memory_bytes = int64_t{8} << 30;
    machine.disk_bytes = int64_t{100} << 30;
    machine.info.architecture = "amd64";
    machine.info.operating_system = "linux";
    return {.options = options,
            .machine = machine,
            .allocatable = node_allocatable(node_capacity(machine, options.pods_max), {}, options.eviction.thresholds),
            .addresses = {"10.0.0.1"},
            .runtime = RuntimeInfo{.name = "containerd",
                                   .version = "1.6.20",
                                   .runtime_ready = true,
                                   .network_ready = true,
                                   .runtime_message = {},
                                   .network_message = {}},
            .runtime_error = {},
            .images = {},
            .now_ns = 1'700'000'000'000'000'000};
  }
};

std::string ready(const core::Node& node) {
  for (auto& condition : node.status.conditions)
    if (condition.type == "Ready") return condition.status + " " + condition.reason;
  return "";
}

TEST(NodeObject, SaysWhatTheMachineHasAndWhatPodsMayHave) {
  Facts f;
  auto node = make_node(f.facts());
  EXPECT_EQ(node.status.capacity["cpu"].to_string(), "4");
  EXPECT_EQ(node.status.capacity["memory"].to_string(), "8Gi");
  EXPECT_EQ(node.status.allocatable["memory"].to_string(), "8092Mi");
  EXPECT_EQ(node.status.capacity["pods"].to_string(), "110");
  EXPECT_EQ(node.status.allocatable["ephemeral-storage"].to_string(), "96636764160");
  EXPECT_EQ(node.metadata.labels["kubernetes.io/hostname"], "n1");
  EXPECT_EQ(node.metadata.labels["beta.kubernetes.io/arch"], "amd64");
  EXPECT_EQ(node.status.node_info.container_runtime_version, "containerd://1.6.20");
  EXPECT_EQ(ready(node), "True KubeletReady");
}

TEST(NodeObject, SaysWhereTheMachineIsFromAndAsManyImagesAsItMay) {
  Facts f;
  f.options.provider_id = "cloud://1";
  f.options.status_images_max = 1;
  auto facts = f.facts();
  for (auto name : {"a:1", "b:1"}) facts.images.emplace_back().repo_tags = {name};
  EXPECT_EQ(make_node(facts).spec.provider_id, "cloud://1");
  EXPECT_EQ(make_node(facts).status.images.size(), 1U);
  f.options.status_images_max = -1;
  EXPECT_EQ(make_node(facts).status.images.size(), 2U);
}

TEST(NodeObject, TellsWhatTheRuntimeCanDo) {
  Facts f;
  auto facts = f.facts();
  EXPECT_TRUE(make_node(facts).status.runtime_handlers.empty());
  EXPECT_FALSE(make_node(facts).status.features);
  auto& handler = facts.runtime->handlers.emplace_back();
  handler.name = "runc";
  handler.features.emplace().recursive_read_only_mounts = true;
  facts.runtime->supplemental_groups_policy = true;
  auto node = make_node(facts);
  ASSERT_EQ(node.status.runtime_handlers.size(), 1u);
  EXPECT_EQ(node.status.runtime_handlers[0].name, "runc");
  EXPECT_EQ(node.status.runtime_handlers[0].features->recursive_read_only_mounts, true);
  EXPECT_EQ(node.status.features->supplemental_groups_policy, true);
}

TEST(NodeObject, RuntimeThatIsDownMakesItNotReadyAndKeepsTheTimeOfTheChange) {
  Facts f;
  auto facts = f.facts();
  auto node = make_node(facts);
  facts.runtime.reset();
  facts.runtime_error = "gone";
  facts.now_ns += 60'000'000'000;
  auto down = update_node(node, facts);
  EXPECT_EQ(ready(down), "False KubeletNotReady");
  EXPECT_EQ(down.status.conditions.back().message, "container runtime is down: gone");
  EXPECT_NE(down.status.conditions.back().last_transition_time, node.status.conditions.back().last_transition_time);
  facts.now_ns += 60'000'000'000;
  auto still = update_node(down, facts);
  EXPECT_EQ(still.status.conditions.back().last_transition_time, down.status.conditions.back().last_transition_time);
  EXPECT_TRUE(same_node(still, down));
  EXPECT_FALSE(same_node(node, down));
}

TEST(NodeObject, WhatOthersAddedStays) {
  Facts f;
  auto node = make_node(f.facts());
  node.metadata.labels["mine"] = "yes";
  node.status.capacity["example.com/gpu"] = base::Quantity::of(2);
  auto next = update_node(node, f.facts());
  EXPECT_EQ(next.metadata.labels["mine"], "yes");
  EXPECT_EQ(next.status.capacity["example.com/gpu"].to_string(), "2");
}

TEST(NodeObject, PodsMayHaveWhatOthersAddedAndNoLongerWhatTheyTookAway) {
  Facts f;
  auto node = make_node(f.facts());
  EXPECT_FALSE(has_new_resources(node));
  node.status.capacity["example.com/gpu"] = base::Quantity::of(2);
  EXPECT_TRUE(has_new_resources(node));
  node = update_node(node, f.facts());
  EXPECT_FALSE(has_new_resources(node));
  EXPECT_EQ(node.status.allocatable["example.com/gpu"].to_string(), "2");
  node.status.capacity.erase("example.com/gpu");
  EXPECT_TRUE(has_new_resources(node));
  EXPECT_FALSE(update_node(node, f.facts()).status.allocatable.contains("example.com/gpu"));
}

}  // namespace
}  // namespace kubelet
