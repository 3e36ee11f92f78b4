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
  void write(const std::string& name, const std::string& text) {
    (void)base::write_file(folder_ + "/" + name, text, 0600);
  }
  base::Result<Usage> read(int version) {
    return read_usage({.version = version,
                       .cpu_directory = folder_,
                       .memory_directory = folder_,
                       .pids_directory = folder_,
                       .quota_directory = folder_});
  }
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

TEST_F(UsageTest, Version1HasNoLimitWhereItSaysTheGreatestNumber) {
  write("cpuacct.usage", "1\n");
  write("memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(read(1)->memory_limit_bytes.has_value());
  write("memory.limit_in_bytes", "1048576\n");
  EXPECT_EQ(read(1)->memory_limit_bytes, 1048576U);
}

TEST_F(UsageTest, Version2TellsOfPressureAndThrottling) {
  write("cpu.stat", "usage_usec 500\nuser_usec 300\nsystem_usec 200\nnr_periods 9\nnr_throttled 2\nthrottled_usec 7\n");
  write("memory.max", "max\n");
  write("memory.events", "low 0\nmax 4\noom_kill 1\n");
  write("cgroup.procs", "1\n2\n3\n");
  write("pids.current", "5\n");
  write("memory.pressure",
        "some avg10=1.50 avg60=0.25 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
  auto usage = read(2);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_user_ns, 300'000U);
  EXPECT_EQ(usage->cpu_throttled_periods, 2U);
  EXPECT_EQ(usage->memory_failures, 4U);
  EXPECT_EQ(usage->out_of_memory_kills, 1U);
  EXPECT_EQ(usage->processes, 3U);
  EXPECT_EQ(usage->threads, 5U);
  EXPECT_FALSE(usage->memory_limit_bytes.has_value());
  EXPECT_FALSE(usage->cpu_pressure.has_value());
  ASSERT_TRUE(usage->memory_pressure.has_value());
  EXPECT_EQ(usage->memory_pressure->some.average_10s, 1.5);
  EXPECT_EQ(usage->memory_pressure->full.total_us, 3U);
}

TEST_F(UsageTest, GroupThatIsGoneIsNotFound) {
  EXPECT_EQ(read(2).error().code(), base::Code::NotFound);
}

}  // namespace
}  // namespace stats
