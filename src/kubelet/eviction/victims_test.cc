#include "kubelet/eviction/victims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kubelet {
namespace {

using testing::ElementsAre;

constexpr uint64_t kMi = 1 << 20;

struct CandidateBuilder {
  Candidate it;

  explicit CandidateBuilder(std::string name) {
    it.pod.metadata.name = name;
    it.pod.metadata.uid = name;
    it.sample.emplace().uid = name;
    it.sample->group.emplace();
    it.pod.spec.containers.emplace_back().name = "main";
    auto& container = it.sample->containers.emplace_back();
    container.name = "main";
    container.root.emplace();
  }
  CandidateBuilder& priority(int32_t value) {
    it.pod.spec.priority = value;
    return *this;
  }
  CandidateBuilder& asks(std::string resource, std::string amount) {
    it.pod.spec.containers[0].resources.requests[resource] = *base::Quantity::parse(amount);
    return *this;
  }
  CandidateBuilder& limited(std::string amount) {
    it.pod.spec.containers[0].resources.limits["ephemeral-storage"] = *base::Quantity::parse(amount);
    return *this;
  }
  CandidateBuilder& memory(uint64_t mebibytes) {
    it.sample->group->usage.memory_working_set_bytes = mebibytes * kMi;
    it.sample->containers[0].group.usage.memory_working_set_bytes = mebibytes * kMi;
    return *this;
  }
  CandidateBuilder& processes(uint64_t count) {
    it.sample->group->usage.processes = count;
    return *this;
  }
  CandidateBuilder& layer(uint64_t mebibytes) {
    it.sample->containers[0].root->bytes = mebibytes * kMi;
    return *this;
  }
  CandidateBuilder& logs(uint64_t mebibytes) {
    it.sample->containers[0].logs.used = {.bytes = mebibytes * kMi, .inodes = 2};
    return *this;
  }
  CandidateBuilder& empty_dir(uint64_t mebibytes, std::string limit = "") {
    auto& volume = it.pod.spec.volumes.emplace_back();
    volume.name = "scratch";
    volume.empty_dir.emplace();
    if (!limit.empty()) volume.empty_dir->size_limit = *base::Quantity::parse(limit);
    it.sample->volumes.push_back(
        {.name = "scratch", .used = {.bytes = mebibytes * kMi, .inodes = 1}, .filesystem = {}});
    return *this;
  }
  CandidateBuilder& unmeasured() {
    it.sample.reset();
    return *this;
  }
  operator Candidate() const { return it; }  // NOLINT
};
CandidateBuilder pod(std::string name) {
  return CandidateBuilder(std::move(name));
}

std::vector<std::string> order(Signal signal, std::vector<Candidate> candidates, Disks disks = {}) {
  std::vector<std::string> out;
  for (const auto& one : order_of_victims(signal, disks, std::move(candidates))) out.push_back(one.pod.metadata.name);
  return out;
}

TEST(Victims, WhoHasMoreMemoryThanAskedForGoesFirstThenTheLeastImportantThenTheGreediest) {
  EXPECT_THAT(order(Signal::MemoryAvailable,
                    {pod("within").asks("memory", "500Mi").memory(400), pod("important").priority(100).memory(300),
                     pod("little").memory(10), pod("much").memory(200),
                     pod("beyond").asks("memory", "900Mi").memory(1000), pod("unknown").unmeasured()}),
              ElementsAre("unknown", "much", "beyond", "little", "important", "within"));
}

TEST(Victims, ProcessesCountByPriorityAndNumber) {
  EXPECT_THAT(order(Signal::PidAvailable,
                    {pod("few").processes(3), pod("many").processes(300), pod("important").priority(5).processes(900)}),
              ElementsAre("many", "few", "important"));
}

TEST(Victims, OnlyWhatLiesOnTheFullDiskCounts) {
  std::vector<Candidate> both = {pod("writer").layer(50).logs(1), pod("talker").layer(2).logs(40)};
  EXPECT_THAT(order(Signal::NodeFsAvailable, both), ElementsAre("writer", "talker"));
  EXPECT_THAT(order(Signal::NodeFsAvailable, both, {.images_apart = true}), ElementsAre("talker", "writer"));
  EXPECT_THAT(order(Signal::ImageFsAvailable, both, {.images_apart = true}), ElementsAre("writer", "talker"));
  EXPECT_THAT(order(Signal::NodeFsAvailable,
                    {pod("asked").asks("ephemeral-storage", "100Mi").empty_dir(90), pod("asked-nothing").empty_dir(5)}),
              ElementsAre("asked-nothing", "asked"));
}

TEST(Victims, MessageSaysWhatRanLowAndWhoUsedIt) {
  auto threshold = parse_thresholds({.hard = {{"memory.available", "100Mi"}}})->front();
  Observations seen = {{Signal::MemoryAvailable, {*base::Quantity::parse("60Mi"), *base::Quantity::parse("8Gi")}}};
  EXPECT_EQ(
      eviction_words(threshold, seen, pod("a").asks("memory", "50Mi").memory(200)).message,
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container main was using "
      "200Mi, request is 50Mi, has larger consumption of memory. ");
  EXPECT_EQ(eviction_words(threshold, seen, pod("a").asks("memory", "500Mi").memory(200)).message,
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. ");
}

TEST(Victims, TheEventIsAnnotatedWithTheOffenders) {
  auto threshold = parse_thresholds({.hard = {{"memory.available", "100Mi"}}})->front();
  using Annotations = std::map<std::string, std::string, std::less<>>;
  EXPECT_EQ(
      eviction_words(threshold, {}, pod("a").asks("memory", "50Mi").memory(200)).annotations,
      (Annotations{
          {"starved_resource", "memory"}, {"offending_containers", "main"}, {"offending_containers_usage", "200Mi"}}));
  EXPECT_EQ(
      eviction_words(threshold, {}, pod("a").asks("memory", "500Mi").memory(200)).annotations,
      (Annotations{{"starved_resource", "memory"}, {"offending_containers", ""}, {"offending_containers_usage", ""}}));
}

TEST(StorageLimits, EachIsKeptAndItsBreachNamed) {
  EXPECT_FALSE(has_storage_limits(pod("a").empty_dir(5).it.pod));
  EXPECT_FALSE(storage_limit_passed(pod("a").empty_dir(500), {}));
  EXPECT_FALSE(storage_limit_passed(pod("a").empty_dir(9, "10Mi"), {}));
  EXPECT_EQ(storage_limit_passed(pod("a").empty_dir(11, "10Mi"), {}),
            "Usage of EmptyDir volume \"scratch\" exceeds the limit \"10Mi\". ");
  // One container: the pod's limit is the container's, and the pod has volumes too.
  EXPECT_TRUE(has_storage_limits(pod("a").limited("10Mi").it.pod));
  EXPECT_EQ(storage_limit_passed(pod("a").limited("10Mi").layer(4).logs(3).empty_dir(4), {}),
            "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ");
  EXPECT_FALSE(storage_limit_passed(pod("a").limited("10Mi").layer(4).logs(3), {}));
  auto two = pod("a").limited("10Mi").layer(11).it;
  two.pod.spec.containers.push_back(two.pod.spec.containers[0]);
  two.pod.spec.containers[1].name = "other";
  EXPECT_EQ(storage_limit_passed(two, {}), "Container main exceeded its local ephemeral storage limit \"10Mi\". ");
}

}  // namespace
}  // namespace kubelet
