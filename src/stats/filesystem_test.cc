#include "stats/filesystem.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace stats {
namespace {

TEST(Filesystem, AFileWithTwoNamesCountsOnce) {
  char path[] = "/tmp/navarch-folder-XXXXXX";
  std::string folder = mkdtemp(path);
  auto before = measure_folder(folder);
  (void)base::make_directories(folder + "/below", 0700);
  (void)base::write_file(folder + "/below/a", std::string(100'000, 'x'), 0600);
  auto one = measure_folder(folder);
  ASSERT_EQ(link((folder + "/below/a").c_str(), (folder + "/b").c_str()), 0);
  auto two = measure_folder(folder);
  EXPECT_EQ(before.inodes, 1U);
  EXPECT_EQ(one.inodes, 3U);
  EXPECT_GE(one.bytes, before.bytes + 100'000);
  EXPECT_EQ(two.inodes, 3U);
  EXPECT_LT(two.bytes, one.bytes + 100'000);
  (void)base::remove_tree(folder);
  EXPECT_EQ(measure_folder(folder).inodes, 0U);
}

TEST(Filesystem, CapacityIsUsedAndFree) {
  auto usage = read_filesystem("/");
  ASSERT_TRUE(usage);
  EXPECT_GE(usage->capacity_bytes, usage->used_bytes + usage->available_bytes);
  EXPECT_EQ(read_filesystem("/no/such/place").error().code(), base::Code::NotFound);
}

}  // namespace
}  // namespace stats
