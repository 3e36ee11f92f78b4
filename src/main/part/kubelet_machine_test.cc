#include "main/part/kubelet_machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace navarch {
namespace {

struct KubeletMachineTest : testing::Test {
  KubeletMachineTest() {
    options.open_files_max = 10;  // as it is
    (void)base::make_directories(root + "/proc/sys/vm", 0755);
    (void)base::make_directories(root + "/proc/sys/kernel/keys", 0755);
    say("swaps", "Filename\tType\tSize\tUsed\tPriority\n");
    for (auto [name, value] : {std::pair("vm/overcommit_memory", "1"),
                               {"vm/panic_on_oom", "0"},
                               {"kernel/panic", "10"},
                               {"kernel/panic_on_oops", "1"},
                               {"kernel/keys/root_maxkeys", "1000000"},
                               {"kernel/keys/root_maxbytes", "25000000"}})
      say(std::string("sys/") + name, std::string(value) + "\n");
  }
  ~KubeletMachineTest() override { (void)base::remove_tree(root); }
  void say(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(base::write_file(root + "/proc/" + name, text, 0644));
  }
  std::string judge() const {
    auto fine = prepare_machine(options, root);
    return fine ? "good" : fine.error().message();
  }
  const std::string root = testing::TempDir() + "machine-" + std::to_string(getpid());
  KubeletFileOptions options;
};

TEST_F(KubeletMachineTest, SwapKeepsItFromStartingUnlessItMayBeOn) {
  EXPECT_EQ(judge(), "good");
  say("swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2\tpartition\t1000\t0\t-2\n");
  EXPECT_TRUE(judge().starts_with("running with swap on is not supported")) << judge();
  options.fail_swap_on = false;
  EXPECT_EQ(judge(), "good");
}

TEST_F(KubeletMachineTest, OtherKernelDefaultsDoIfTheyAreProtected) {
  say("sys/vm/overcommit_memory", "0\n");
  EXPECT_EQ(judge(), "good");
  options.protect_kernel_defaults = true;
  EXPECT_EQ(judge(), "invalid kernel flag: vm/overcommit_memory, expected value: 1, actual value: 0");
  say("sys/vm/overcommit_memory", "1\n");
  EXPECT_EQ(judge(), "good");
}

}  // namespace
}  // namespace navarch
