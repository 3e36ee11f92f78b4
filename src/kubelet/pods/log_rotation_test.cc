#include "kubelet/pods/log_rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace kubelet {
namespace {

using testing::ElementsAre;

TEST(LogRotation, LongLogIsSetAsideAndTheOldestGo) {
  char path[] = "/tmp/navarch-rotation-XXXXXX";
  std::string folder = mkdtemp(path), log = folder + "/0.log";
  int64_t second = 1'700'000'000;
  auto grow = [&](size_t size) { (void)base::write_file(log, std::string(size, 'x'), 0600); };
  auto rotate = [&] { return *set_log_aside(log, 100, 3, base::Time{second++, 0}); };
  EXPECT_FALSE(rotate());
  grow(99);
  EXPECT_FALSE(rotate());
  for (int i = 0; i < 4; ++i) {
    grow(100);
    EXPECT_TRUE(rotate());
  }
  grow(1);
  EXPECT_THAT(*base::list_directory(folder), ElementsAre("0.log", "0.log.20231114-221324", "0.log.20231114-221325"));
  remove_logs(log);
  EXPECT_TRUE(base::list_directory(folder)->empty());
  (void)base::remove_tree(folder);
}

}  // namespace
}  // namespace kubelet
