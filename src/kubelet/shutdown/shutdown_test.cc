#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubelet/shutdown/graceful_shutdown.h"
#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

core::Pod with_priority(std::string name, int32_t priority, int64_t grace = 30) {
  PodBuilder builder(std::move(name));
  builder.container(builder.pod.metadata.name);
  builder.pod.spec.priority = priority;
  builder.pod.spec.termination_grace_period_seconds = grace;
  return builder;
}

TEST(ShutdownGroups, PodFallsIntoTheHighestRangeBelowItsPriority) {
  auto low = with_priority("low", -5), plain = with_priority("plain", 0, 3), high = with_priority("high", 1500);
  auto groups = shutdown_groups(
      {{.priority = 0, .seconds = 10}, {.priority = 1000, .seconds = 20}, {.priority = 5000, .seconds = 5}},
      {&high, &low, &plain});
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].seconds, 10);
  EXPECT_THAT(groups[0].members,
              ElementsAre(ShutdownGroup::Member{"uid-low", 10}, ShutdownGroup::Member{"uid-plain", 3}));
  EXPECT_THAT(groups[1].members, ElementsAre(ShutdownGroup::Member{"uid-high", 20}));
}

struct FakeNotice final : ShutdownNotice {
  std::vector<bool> words;
  io::Event spoken;
  std::vector<std::string> calls;
  base::Result<void> hold() override {
    calls.emplace_back("hold");
    return {};
  }
  io::Task<base::Result<bool>> next() override {
    while (words.empty()) {
      spoken.reset();
      co_await spoken.wait();
    }
    bool word = words.front();
    words.erase(words.begin());
    co_return word;
  }
  void release() override { calls.emplace_back("release"); }
  void say(bool word) {
    words.push_back(word);
    spoken.set();
  }
};

class ShutdownTest : public PodTest {
 protected:
  ShutdownTest() {
    options_.shutdown = {{.priority = 0, .seconds = 20}, {.priority = 2'000'000'000, .seconds = 10}};
    auto notice = std::make_unique<FakeNotice>();
    notice_ = notice.get();
    shutdown_ = std::make_unique<GracefulShutdown>(options_, *pods_, std::move(notice), [this] { ++changes_; });
    context_->gates.emplace_back([this](const core::Pod& pod) { return shutdown_->refuses(pod); });
    scope_.spawn(shutdown_->run());
  }
  FakeNotice* notice_ = nullptr;
  std::unique_ptr<GracefulShutdown> shutdown_;
  int changes_ = 0;
};

TEST_F(ShutdownTest, CriticalPodsEndLastAndTheMachineWaitsForThem) {
  start(with_priority("critical", 2'000'000'000));
  start(with_priority("plain", 0));
  runtime.ignore_stop.insert("plain");
  notice_->say(true);
  pass(1s);
  EXPECT_EQ(changes_, 1);
  EXPECT_TRUE(shutdown_->shutting_down());
  EXPECT_THAT(runtime.calls, Contains("stop plain 20"));
  EXPECT_THAT(runtime.calls, Not(Contains("stop critical 10")));
  EXPECT_THAT(notice_->calls, ElementsAre("hold"));
  pass(20s);
  EXPECT_THAT(runtime.calls, Contains("stop critical 10"));
  EXPECT_THAT(notice_->calls, ElementsAre("hold", "release", "hold"));
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(status().reason, "Terminated");
  EXPECT_EQ(status().message, "Pod was terminated in response to imminent node shutdown.");
  EXPECT_EQ(condition("DisruptionTarget"), "True");
}

TEST_F(ShutdownTest, NewPodsAreRefusedUntilItIsCalledOff) {
  notice_->say(true);
  pass(1s);
  start(with_priority("late", 0));
  EXPECT_EQ(status().reason, "NodeShutdown");
  notice_->say(false);
  pass(1s);
  EXPECT_FALSE(shutdown_->shutting_down());
  start(with_priority("later", 0));
  EXPECT_EQ(status().phase, "Running");
}

TEST(CommandNotice, SignalIsHeardAndTheLockEndsWithTheCommand) {
  auto loop = std::move(*io::Loop::create());
  io::Loop::Entered entered(*loop);
  auto notice = make_command_notice({"/bin/sh", "-c",
                                     "printf '  MESSAGE \"b\" {\\n          BOOLEAN true;\\n  };\\n          BOOLEAN "
                                     "false;\\n'"});
  ASSERT_TRUE(notice->hold());
  EXPECT_TRUE(*loop->run_task(notice->next()));
  EXPECT_FALSE(*loop->run_task(notice->next()));
  EXPECT_FALSE(loop->run_task(notice->next()));
  EXPECT_FALSE(make_command_notice({"/nowhere/systemd-inhibit"})->hold());
}

}  // namespace
}  // namespace kubelet
