#include "kubelet/user_namespace/id_ranges.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace kubelet {
namespace {

class IdRangesTest : public testing::Test {
 protected:
  IdRangesTest() {
    char path[] = "/tmp/navarch-ids-XXXXXX";
    root = mkdtemp(path);
  }
  ~IdRangesTest() override { (void)base::remove_tree(root); }

  static constexpr IdRangeOptions kTwo{.first = 65536, .length = 2 * 65536};
  void say(const std::string& uid, const std::string& text) {
    (void)base::make_directories(root + "/pods/" + uid, 0750);
    (void)base::write_file(root + "/pods/" + uid + "/userns", text, 0600);
  }
  std::string root;
};

TEST_F(IdRangesTest, PodsHaveRangesOfTheirOwn) {
  IdRanges ranges(root, kTwo);
  EXPECT_EQ(*ranges.ensure("a"), (IdRange{65536, 65536}));
  EXPECT_EQ(*ranges.ensure("b"), (IdRange{131072, 65536}));
  EXPECT_EQ(ranges.ensure("a")->first, 65536U);
  EXPECT_FALSE(ranges.find("c"));
}

TEST_F(IdRangesTest, WhenAllAreTakenTheNextPodWaitsForOne) {
  IdRanges ranges(root, kTwo);
  (void)ranges.ensure("a");
  (void)ranges.ensure("b");
  auto none = ranges.ensure("c");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(), "create user namespace: could not find an empty slot to allocate a user namespace");
  ranges.release("a");
  EXPECT_EQ(ranges.ensure("c")->first, 65536U);
}

TEST_F(IdRangesTest, ARestartKnowsWhatWasGiven) {
  (void)IdRanges(root, kTwo).ensure("a");
  EXPECT_EQ(*base::read_file(root + "/pods/a/userns"),
            R"({"uidMappings":[{"hostId":65536,"containerId":0,"length":65536}],)"
            R"("gidMappings":[{"hostId":65536,"containerId":0,"length":65536}]})");
  IdRanges again(root, kTwo);
  EXPECT_EQ(again.find("a")->first, 65536U);
  EXPECT_EQ(again.ensure("b")->first, 131072U);
}

TEST_F(IdRangesTest, AFileThatSaysSomethingElseIsAnError) {
  say("a", "nonsense");
  say("b", R"({"uidMappings":[{"hostId":65536,"containerId":1,"length":65536}],)"
           R"("gidMappings":[{"hostId":65536,"containerId":1,"length":65536}]})");
  say("c", R"({"uidMappings":[{"hostId":65536,"containerId":0,"length":65536}],"gidMappings":[]})");
  say("d", R"({"uidMappings":[{"hostId":6553600,"containerId":0,"length":65536}],)"
           R"("gidMappings":[{"hostId":6553600,"containerId":0,"length":65536}]})");
  IdRanges ranges(root, kTwo);
  for (auto uid : {"a", "b", "c", "d"}) EXPECT_FALSE(ranges.ensure(uid)) << uid;
  EXPECT_EQ(ranges.ensure("e")->first, 65536U);
}

TEST(IdRangeOptions, AreTheUsualOnesWithoutAUserOfThatName) {
  auto options = id_range_options("root:x:0:0::/:\n", "kubelet:131072:131072\n", "", 65536, 110);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->first, 65536U);
  EXPECT_EQ(options->length, 110U * 65536);
}

TEST(IdRangeOptions, AreWhatTheFilesGiveToTheKubelet) {
  std::string user = "kubelet:x:400:400::/:\n";
  auto options = id_range_options(user, "a:1:2\nkubelet:131072:262144\n", "kubelet:131072:262144\n", 131072, 2);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->first, 131072U);
  EXPECT_EQ(options->length, 262144U);
  auto wrong = [&](std::string users, std::string groups, uint32_t unit, int32_t pods) {
    auto got = id_range_options(user, users, groups, unit, pods);
    return got ? "" : got.error().message();
  };
  EXPECT_EQ(wrong("kubelet:65536:65536", "kubelet:131072:65536", 65536, 1),
            "mismatched subuids and subgids for user \"kubelet\"");
  EXPECT_EQ(wrong("kubelet:1000:65536", "kubelet:1000:65536", 65536, 1),
            "kubelet user assigned ID 1000 is not a multiple of 65536");
  EXPECT_EQ(wrong("kubelet:0:65536", "kubelet:0:65536", 65536, 1),
            "kubelet user assigned ID 0 must be greater or equal to 65536");
  EXPECT_EQ(wrong("kubelet:65536:65536", "kubelet:65536:65536", 65536, 2),
            "kubelet user assigned IDs are not enough to support 2 pods");
  EXPECT_EQ(wrong("", "", 1000, 2), "kubelet user namespace length 1000 is not a multiple of 65536");
}

}  // namespace
}  // namespace kubelet
