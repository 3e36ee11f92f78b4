#include "io/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace io {
namespace {

using namespace std::chrono_literals;

struct ProcessTest : testing::Test {
  std::unique_ptr<Loop> loop = *Loop::create();
  Loop::Entered entered{*loop};

  base::Result<CommandResult> sh(std::string script, std::string input = {}) {
    return loop->run_task(
        run_command({.argv = {"sh", "-c", std::move(script)}, .input = base::Bytes(std::move(input))}));
  }
};

TEST_F(ProcessTest, CollectsOutputErrorAndStatus) {
  auto result = sh("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error, "err\n");
  EXPECT_EQ(result->status.code, 3);
  EXPECT_EQ(result->status.text(), "exit status 3");
}

TEST_F(ProcessTest, FeedsInputLargerThanAPipe) {
  auto result = sh("wc -c", std::string(300'000, 'x'));
  EXPECT_EQ(result->output, "300000\n");
  EXPECT_TRUE(sh("exit 0", std::string(300'000, 'x'))->status.ok());  // not read at all
}

TEST_F(ProcessTest, OutputBeyondTheBoundIsDropped) {
  auto result =
      loop->run_task(run_command({.argv = {"sh", "-c", "yes | head -c 500000; echo done >&2"}, .output_max = 1000}));
  EXPECT_EQ(result->output.size(), 1000u);
  EXPECT_EQ(result->error, "done\n");
}

TEST_F(ProcessTest, MissingProgramIsNotFound) {
  EXPECT_EQ(Process::spawn({.argv = {"no-such-program-here"}}).error().code(), base::Code::NotFound);
  EXPECT_EQ(Process::spawn({.argv = {"/no/such/program"}}).error().code(), base::Code::NotFound);
  EXPECT_EQ(Process::spawn({.argv = {"/etc/passwd"}}).error().code(), base::Code::Forbidden);
}

TEST_F(ProcessTest, HasTheEnvironmentAndDirectoryGiven) {
  auto result = loop->run_task(run_command({.argv = {"/bin/sh", "-c", "echo $A; pwd"},
                                            .environment = std::vector<std::string>{"A=b c"},
                                            .directory = "/usr"}));
  EXPECT_EQ(result->output, "b c\n/usr\n");
}

TEST_F(ProcessTest, InheritsNoDescriptorAndNoIgnoredSignal) {
  int extra = open("/dev/null", O_RDONLY);  // without close-on-exec
  auto before = signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(sh("ls /proc/self/fd | wc -l")->output, "4\n");  // 0 to 2, and the folder ls reads
  EXPECT_EQ(sh("grep SigIgn /proc/self/status")->output, "SigIgn:\t0000000000000000\n");
  EXPECT_EQ(sh("grep SigBlk /proc/self/status")->output, "SigBlk:\t0000000000000000\n");
  signal(SIGPIPE, before);
  close(extra);
}

TEST_F(ProcessTest, KillReachesTheWholeGroup) {
  auto process = *Process::spawn({.argv = {"sh", "-c", "sleep 1000 & echo ready; wait"}, .output = ChildEnd::pipe()});
  auto output = process->take_output();
  EXPECT_EQ(loop->run_task(output->read()).value(), "ready\n");
  process->kill(SIGTERM);
  auto status = loop->run_task(process->wait());
  EXPECT_EQ(status.signal, SIGTERM);
  EXPECT_EQ(status.text(), "signal: terminated");
  EXPECT_EQ(loop->run_task(output->read()).value(), "");  // the grandchild is gone too: the pipe ends
  EXPECT_TRUE(process->has_ended());
  process->kill(SIGTERM);
}

TEST_F(ProcessTest, DestroyedChildIsKilledAndReaped) {
  auto process = *Process::spawn({.argv = {"sleep", "1000"}});
  int pid = process->pid();
  process = nullptr;
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(ProcessTest, CancelledCommandIsKilled) {
  EXPECT_FALSE(loop->run_task(with_timeout(10ms, run_command({.argv = {"sleep", "1000"}}))));
}

TEST_F(ProcessTest, FilesAreAppendedTo) {
  char name[] = "/tmp/process_test_XXXXXX";
  close(mkstemp(name));
  for (int i = 0; i < 2; i++) {
    auto process = *Process::spawn({.argv = {"echo", "line"}, .output = ChildEnd::file(name)});
    loop->run_task(process->wait());
  }
  auto process = *Process::spawn({.argv = {"cat"}, .input = ChildEnd::file(name), .output = ChildEnd::pipe()});
  auto output = process->take_output();
  loop->run_task(process->wait());
  EXPECT_EQ(loop->run_task(output->read()).value(), "line\nline\n");
  unlink(name);
}

}  // namespace
}  // namespace io
