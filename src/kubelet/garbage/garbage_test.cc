#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "kubelet/garbage/collector.h"

namespace kubelet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1'700'000'000 * kSecond;

api::cri::Image image(std::string id, uint64_t bytes = 100) {
  api::cri::Image out;
  out.id = "sha256:" + id;
  out.repo_tags = {id + ":v1"};
  out.size = bytes;
  return out;
}
std::vector<std::string> ids(const std::vector<UnusedImage>& images) {
  std::vector<std::string> out;
  for (const auto& one : images) out.push_back(one.id.substr(7));
  return out;
}

TEST(ImageRecords, TheLongestUnusedGoFirstAndUsedOrPinnedOnesNever) {
  ImageRecords records;
  auto pinned = image("pause");
  pinned.pinned = true;
  std::vector<api::cri::Image> images = {image("a"), image("b"), image("c"), image("d"), pinned};
  records.look(images, {"sha256:a", "b:v1", "sha256:c"}, kStart);
  records.look(images, {"sha256:a", "b:v1"}, kStart + 60 * kSecond);
  records.look(images, {"sha256:a"}, kStart + 120 * kSecond);
  EXPECT_THAT(ids(records.unused()), ElementsAre("d", "c", "b"));
  EXPECT_THAT(ids(records.to_free(150, {}, kStart + 120 * kSecond)), ElementsAre("d", "c"));
}

TEST(ImageRecords, WhatHasJustComeStays) {
  ImageRecords records;
  records.look({image("old")}, {}, kStart);
  records.look({image("old"), image("new")}, {}, kStart + 600 * kSecond);
  EXPECT_THAT(ids(records.to_free(UINT64_MAX, {}, kStart + 700 * kSecond)), ElementsAre("old"));
  EXPECT_THAT(ids(records.to_free(UINT64_MAX, {}, kStart + 720 * kSecond)), ElementsAre("old", "new"));
}

TEST(ImageRecords, MaximumAgeCountsFromTheLastUseAndNotBeforeWeHaveLookedThatLong) {
  ImageRecords records;
  ImageGarbageOptions options;
  records.look({image("a"), image("b")}, {"sha256:b"}, kStart);
  EXPECT_THAT(records.outdated(options, kStart + 1'000'000 * kSecond), IsEmpty());
  options.maximum_age_ns = 3600 * kSecond;
  EXPECT_THAT(records.outdated(options, kStart + 3600 * kSecond), IsEmpty());
  records.look({image("a"), image("b")}, {"sha256:b"}, kStart + 3000 * kSecond);
  records.look({image("a"), image("b")}, {}, kStart + 3601 * kSecond);
  EXPECT_THAT(ids(records.outdated(options, kStart + 3601 * kSecond)), ElementsAre("a"));
}

TEST(ImageRecords, DiskIsFreedToTheLowPercentageFromTheHighOneOn) {
  EXPECT_EQ(bytes_to_free(1000, 160, {}), 0U);
  EXPECT_EQ(bytes_to_free(1000, 150, {}), 50U);
  EXPECT_EQ(bytes_to_free(1000, 10, {}), 190U);
  EXPECT_EQ(bytes_to_free(0, 0, {}), 0U);
}

TEST(OrphanedLogs, FoldersOfUnknownPodsAndDeadLinksGo) {
  char path[] = "/tmp/navarch-garbage-XXXXXX";
  std::string root = mkdtemp(path);
  for (auto name : {"default_web_uid-1", "default_gone_uid-2", "notes"})
    ASSERT_TRUE(base::make_directories(root + "/pods/" + name + "/main", 0755));
  ASSERT_TRUE(base::make_directories(root + "/links", 0755));
  ASSERT_EQ(symlink((root + "/pods/default_web_uid-1").c_str(), (root + "/links/web").c_str()), 0);
  ASSERT_EQ(symlink((root + "/pods/default_gone_uid-2").c_str(), (root + "/links/gone").c_str()), 0);
  remove_orphaned_logs(root + "/pods", root + "/links", [](std::string_view uid) { return uid == "uid-1"; });
  EXPECT_THAT(*base::list_directory(root + "/pods"), ElementsAre("default_web_uid-1", "notes"));
  EXPECT_THAT(*base::list_directory(root + "/links"), ElementsAre("web"));
  EXPECT_TRUE(base::remove_tree(root));
}

}  // namespace
}  // namespace kubelet
