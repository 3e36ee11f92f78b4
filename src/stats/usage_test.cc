#include "stats/usage.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace stats {
namespace {

class UsageTest : public testing::Test {
 protected:
  UsageTest() {
    char path[] = "/tmp/navarch-usage-XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~UsageTest() override { (void)base::remove_tree(folder_); }
  void write(const std::string& name, const std::string& text) { (void)base::write_file(folder_ + "/" + name, text, 0600); }
  base::Result<Usage> read(int version) { return read_usage({.version = version, .cpu_directory = folder_, .memory_directory = folder_}); }
  std::string folder_;
};

TEST_F(UsageTest, Version1) {
  write("cpuacct.usage", "123456789\n");
  write("memory.usage_in_bytes", "1000\n");
  write("memory.stat", "rss 1\ninactive_file 2\ntotal_rss 300\ntotal_inactive_file 400\n");
  auto usage = read(1);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_ns, 123456789U);
  EXPECT_EQ(usage->memory_working_set_bytes, 600U);
  EXPECT_EQ(usage->memory_rss_bytes, 300U);
}

TEST_F(UsageTest, Version2) {
  write("cpu.stat", "usage_usec 500\nuser_usec 1\n");
  write("memory.current", "1000\n");
  write("memory.stat", "anon 300\nfile 700\ninactive_file 1400\n");
  auto usage = read(2);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_ns, 500'000U);
  EXPECT_EQ(usage->memory_working_set_bytes, 0U);
}

TEST_F(UsageTest, GroupThatIsGoneIsNotFound) { EXPECT_EQ(read(2).error().code(), base::Code::NotFound); }

}  // namespace
}  // namespace stats
