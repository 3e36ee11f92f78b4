#include "kubelet/cgroup/systemd.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/cgroup/cgroups.h"

namespace kubelet {
namespace {

TEST(SystemdNames, ASliceIsNamedAfterAllThatItIsIn) {
  EXPECT_EQ(slice_name("/kubepods/burstable/pod12-34"), "kubepods-burstable-pod12_34.slice");
  EXPECT_EQ(slice_path("/kubepods/burstable/pod12-34"),
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_34.slice");
  EXPECT_EQ(slice_path("/kubepods"), "/kubepods.slice");
  EXPECT_EQ(slice_path("/my-root/kubepods"), "/my_root.slice/my_root-kubepods.slice");
  EXPECT_EQ(slice_name("/"), "-.slice");
  EXPECT_EQ(slice_path(""), "");
}

TEST(SystemdNames, WhatIsWrittenAsSlicesStays) {
  EXPECT_EQ(slice_path("/system.slice"), "/system.slice");
  EXPECT_EQ(slice_path("/a.slice/a-b.slice"), "/a.slice/a-b.slice");
  EXPECT_EQ(slice_path("/a.slice/kubepods"), "/a.slice/a-kubepods.slice");
}

TEST(SystemdNames, LimitsAreThoseOfTheKernelsVersion) {
  CgroupLimits limits{.cpu_shares = 1024, .cpu_quota_us = 25'500, .memory_bytes = 1 << 20, .pids = 99};
  EXPECT_EQ(base::join(slice_limits(limits, 1).words, " "),
            "CPUShares t 1024 CPUQuotaPerSecUSec t 260000 MemoryLimit t 1048576 TasksMax t 99");
  EXPECT_EQ(base::join(slice_limits(limits, 2).words, " "),
            "CPUWeight t 39 CPUQuotaPerSecUSec t 260000 MemoryMax t 1048576 TasksMax t 99");
  EXPECT_EQ(slice_limits(limits, 2).count, 4);
  EXPECT_EQ(base::join(slice_limits({.cpu_quota_us = -1, .memory_bytes = -1}, 2).words, " "),
            "CPUQuotaPerSecUSec t 18446744073709551615 MemoryMax t 18446744073709551615");
}

// A bus of our own, with somebody on it who makes folders for slices as systemd does and notes what he was asked.
class SystemdBusTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* tool : {"dbus-daemon", "busctl"})
      if (system(base::cat({"command -v ", tool, " > /dev/null"}).c_str()) != 0)
        GTEST_SKIP() << tool << " is not installed";
    if (system("/usr/bin/python3 -c 'import dbus, gi' 2> /dev/null") != 0)
      GTEST_SKIP() << "python3-dbus and python3-gi are not installed";
    char place[] = "/tmp/navarch-systemd-XXXXXX";
    place_ = mkdtemp(place);
    (void)base::make_directories(place_ + "/cgroup", 0755);
    auto address = "unix:path=" + place_ + "/bus";
    (void)base::write_file(
        place_ + "/bus.conf",
        base::cat({"<busconfig><listen>", address,
                   "</listen><policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>"
                   "<allow own=\"*\"/></policy></busconfig>"}),
        0644);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", address.c_str(), 1);
    start({"dbus-daemon", "--nofork", "--config-file=" + place_ + "/bus.conf"});
    wait_for(place_ + "/bus");
    start({"/usr/bin/python3", NAVARCH_SOURCE_DIR "/src/kubelet/testing/fake_systemd.py", place_});
    wait_for(place_ + "/calls");
  }
  void TearDown() override {
    for (pid_t pid : started_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    if (!place_.empty()) (void)base::remove_tree(place_);
  }
  void start(std::vector<std::string> words) {
    pid_t pid = fork();
    if (pid == 0) {
      std::vector<char*> arguments;
      for (auto& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    started_.push_back(pid);
  }
  static void wait_for(const std::string& file) {
    for (int looks = 0; looks < 1000 && !base::exists(file); ++looks) usleep(10'000);
    ASSERT_TRUE(base::exists(file)) << file;
  }
  // What was asked since the last time, one call a line.
  std::string calls() {
    auto text = base::read_file(place_ + "/calls").value_or("");
    auto fresh = text.substr(seen_);
    seen_ = text.size();
    return fresh;
  }
  bool is_there(const std::string& slice) const { return base::exists(base::cat({place_, "/cgroup", slice})); }
  Cgroups groups() const { return Cgroups(2, {{"", place_ + "/cgroup"}}, CgroupDriver::Systemd); }

  std::string place_;
  std::vector<pid_t> started_;
  size_t seen_ = 0;
};

TEST_F(SystemdBusTest, SlicesAreMadeFromTheTopDownBoundedAndEnded) {
  const std::string pod = "/kubepods/burstable/pod1-2";
  auto made = groups().ensure(pod, {.cpu_shares = 1024, .memory_bytes = 1 << 20});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(is_there("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice"));
  auto said = calls();
  EXPECT_EQ(said,
            "StartTransientUnit kubepods.slice replace Wants=-.slice\n"
            "StartTransientUnit kubepods-burstable.slice replace Wants=kubepods.slice\n"
            "StartTransientUnit kubepods-burstable-pod1_2.slice replace Wants=kubepods-burstable.slice CPUWeight=39 "
            "MemoryMax=1048576\n");
  ASSERT_TRUE(groups().ensure(pod, {.memory_bytes = 2 << 20}));
  EXPECT_EQ(calls(), "SetUnitProperties kubepods-burstable-pod1_2.slice true MemoryMax=2097152\n");
  ASSERT_TRUE(groups().remove(pod));
  EXPECT_EQ(calls(), "StopUnit kubepods-burstable-pod1_2.slice replace\n");
  EXPECT_FALSE(is_there("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice"));
  EXPECT_TRUE(groups().remove(pod));  // it is gone
  EXPECT_EQ(calls(), "");
}

TEST_F(SystemdBusTest, AFolderThatIsNobodysUnitBecomesOne) {
  ASSERT_TRUE(base::make_directories(place_ + "/cgroup/kubepods.slice", 0755));
  ASSERT_TRUE(groups().ensure("/kubepods", {.pids = 9}));
  EXPECT_EQ(calls(),
            "SetUnitProperties kubepods.slice true TasksMax=9: no such unit\n"
            "StartTransientUnit kubepods.slice replace Wants=-.slice TasksMax=9\n");
}

TEST_F(SystemdBusTest, WhatSystemdSaysIsTheError) {
  auto made = groups().ensure("/refused", {});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("this one is refused"), std::string::npos) << made.error().message();
}

}  // namespace
}  // namespace kubelet
