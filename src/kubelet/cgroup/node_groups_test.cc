#include "kubelet/cgroup/node_groups.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"

namespace kubelet {
namespace {

// Control groups of folders: a file is there once it was written.
class NodeGroupsTest : public testing::TestWithParam<int> {
 protected:
  NodeGroupsTest() {
    char path[] = "/tmp/navarch-groups-XXXXXX";
    root = mkdtemp(path);
    machine.cpus = 4;
    machine.memory_bytes = int64_t{8} << 30;
    machine.hugepages["hugepages-2Mi"] = int64_t{64} << 20;
    std::map<std::string, std::string> controllers = {{"", root}};
    if (GetParam() == 1)
      controllers = {{"cpu", root + "/cpu"},
                     {"memory", root + "/memory"},
                     {"pids", root + "/pids"},
                     {"hugetlb", root + "/hugetlb"}};
    cgroups = std::make_unique<Cgroups>(GetParam(), controllers);
    for (auto path : {"/kubepods", "/kubepods/burstable", "/kubepods/besteffort"}) make(path);
  }
  ~NodeGroupsTest() override { (void)base::remove_tree(root); }

  // The kernel makes a group's files; here they are made beforehand.
  void make(const std::string& path) {
    for (auto& [controller, file] : files()) {
      auto folder = cgroups->directory(controller, path);
      (void)base::make_directories(folder, 0755);
      (void)base::write_file(base::cat({folder, "/", file}), "", 0644);
    }
  }
  std::vector<std::pair<std::string, std::string>> files() const {
    if (GetParam() == 2) return {{"", "cpu.weight"}, {"", "memory.max"}, {"", "pids.max"}, {"", "hugetlb.2MB.max"}};
    return {{"cpu", "cpu.shares"},
            {"memory", "memory.limit_in_bytes"},
            {"pids", "pids.max"},
            {"hugetlb", "hugetlb.2MB.limit_in_bytes"}};
  }
  std::string said(size_t which, const std::string& path) {
    auto [controller, file] = files()[which];
    return base::read_file(base::cat({cgroups->directory(controller, path), "/", file})).value_or("absent");
  }
  std::string cpu(const std::string& path) { return said(0, path); }
  std::string memory(const std::string& path) { return said(1, path); }
  std::string pids(const std::string& path) { return said(2, path); }
  std::string hugepages(const std::string& path) { return said(3, path); }

  base::Result<void> set_up() { return set_up_node_groups(*cgroups, "/kubepods", machine, options, notes); }
  static base::Quantity amount(const char* text) { return *base::Quantity::parse(text); }

  std::string root;
  Machine machine;
  KubeletOptions options;
  std::unique_ptr<Cgroups> cgroups;
  std::vector<NodeGroupNote> notes;
};

TEST_P(NodeGroupsTest, PodsTogetherGetWhatIsNotReserved) {
  options.reserved = {{"cpu", amount("1")}, {"memory", amount("2Gi")}, {"pid", amount("1000")}};
  ASSERT_TRUE(set_up());
  EXPECT_EQ(cpu("/kubepods"), GetParam() == 1 ? "3072" : std::to_string(shares_to_weight(3072)));
  EXPECT_EQ(memory("/kubepods"), std::to_string(int64_t{6} << 30));
  EXPECT_EQ(pids("/kubepods"), std::to_string(processes_max() - 1000));
  EXPECT_EQ(hugepages("/kubepods"), std::to_string(64 << 20));
  EXPECT_EQ(cpu("/kubepods/besteffort"), GetParam() == 1 ? "2" : "1");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].message, "Updated Node Allocatable limit across pods");
}

TEST_P(NodeGroupsTest, NothingIsKeptFromPodsUnlessItIsEnforced) {
  options.reserved = {{"memory", amount("2Gi")}};
  options.reserved_groups.enforce_pods = false;
  ASSERT_TRUE(set_up());
  EXPECT_EQ(memory("/kubepods"), std::to_string(int64_t{8} << 30));
}

TEST_P(NodeGroupsTest, WhatIsReservedIsBoundedWhereThatIsEnforced) {
  auto& reserved = options.reserved_groups;
  reserved.system = {{"cpu", amount("500m")}, {"memory", amount("1Gi")}};
  reserved.kube = {{"cpu", amount("250m")}, {"memory", amount("512Mi")}};
  reserved.system_group = "/system";
  reserved.kube_group = "/kube";
  reserved.enforce_system = ReservedOptions::Enforce::All;
  reserved.enforce_kube = ReservedOptions::Enforce::Compressible;
  make("/system");
  make("/kube");
  ASSERT_TRUE(set_up());
  EXPECT_EQ(memory("/system"), std::to_string(1 << 30));
  EXPECT_EQ(cpu("/kube"), GetParam() == 1 ? "256" : std::to_string(shares_to_weight(256)));
  EXPECT_EQ(memory("/kube"), "");
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_EQ(notes[1].message, "Updated limits on system reserved cgroup /system");
  EXPECT_EQ(notes[2].message, "Updated limits on kube reserved cgroup /kube");
}

TEST_P(NodeGroupsTest, AGroupThatIsNotThereIsNotMade) {
  options.reserved_groups.system_group = "/none";
  options.reserved_groups.enforce_system = ReservedOptions::Enforce::All;
  auto done = set_up();
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message().starts_with("Failed to enforce System Reserved Cgroup Limits on \"/none\": "));
  EXPECT_EQ(notes.back().reason, "FailedNodeAllocatableEnforcement");
  EXPECT_FALSE(base::exists(cgroups->directory("memory", "/none")));
}

TEST_P(NodeGroupsTest, BurstablePodsWeighWhatTheyAskFor) {
  ASSERT_TRUE(set_burstable_weight(*cgroups, "/kubepods", 1500));
  EXPECT_EQ(cpu("/kubepods/burstable"), GetParam() == 1 ? "1536" : std::to_string(shares_to_weight(1536)));
}

INSTANTIATE_TEST_SUITE_P(Versions, NodeGroupsTest, testing::Values(1, 2));

TEST(Reserved, MoreThanThereIsCannotBeReserved) {
  KubeletOptions options;
  ResourceList capacity = {{"memory", *base::Quantity::parse("1Gi")}, {"cpu", *base::Quantity::parse("2")}};
  options.reserved = {{"cpu", *base::Quantity::parse("2")}};
  EXPECT_TRUE(check_reserved(capacity, options));
  options.reserved["cpu"] = *base::Quantity::parse("3");
  EXPECT_EQ(check_reserved(capacity, options).error().message(),
            "invalid Node Allocatable configuration. Resource \"cpu\" has a reservation of 3 but capacity of 2. "
            "Expected capacity >= reservation.");
}

}  // namespace
}  // namespace kubelet
