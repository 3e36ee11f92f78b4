#include "io/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "io/pool.h"

namespace io {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2];
};

struct LoopTest : testing::Test {
  std::unique_ptr<Loop> loop = *Loop::create();
};

struct SimulatedLoop : testing::Test {
  base::FakeClock clock;
  std::unique_ptr<Loop> loop = Loop::create_simulated(clock);
  Loop::Entered entered{*loop};
};

TEST_F(SimulatedLoop, TimersFireInOrderOfTheirTimeThenOfTheirStart) {
  std::string order;
  Timer a, b, c, d;
  a.start(20ms, [&] { order += "a"; });
  b.start(10ms, [&] { order += "b"; });
  c.start(20ms, [&] { order += "c"; });
  d.start(30ms, [&] { order += "d"; });
  loop->advance(25ms);
  EXPECT_EQ(order, "bac");
  EXPECT_TRUE(d.running());
  EXPECT_FALSE(a.running());
}

TEST_F(SimulatedLoop, ManyTimersStartedAndStoppedKeepTheirOrder) {
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<int> fired;
  for (int i = 0; i < 500; i++) {
    timers.push_back(std::make_unique<Timer>());
    int at = (i * 7919) % 500;
    timers.back()->start(at * 1ms, [&fired, at] { fired.push_back(at); });
  }
  for (int i = 0; i < 500; i += 3) timers[i] = nullptr;
  loop->advance(1s);
  EXPECT_EQ(fired.size(), 333u);
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
}

TEST_F(SimulatedLoop, TimerMayDestroyItselfAndOthersWhenItFires) {
  auto a = std::make_unique<Timer>();
  auto b = std::make_unique<Timer>();
  int fired = 0;
  a->start(1ms, [&] {
    fired++;
    a = nullptr;
    b = nullptr;
  });
  b->start(1ms, [&] { fired += 10; });
  loop->advance(1s);
  EXPECT_EQ(fired, 1);
}

TEST_F(SimulatedLoop, TimerRestartedWithNoDelayLetsOthersRun) {
  Timer again;
  int turns = 0;
  std::function<void()> restart = [&] {
    if (++turns < 5) again.start(0ns, restart);
  };
  again.start(0ns, restart);
  loop->run_until_idle();
  EXPECT_EQ(turns, 5);
}

TEST_F(SimulatedLoop, LongestSpanDoesNotOverflow) {
  loop->advance(1s);
  Timer timer;
  timer.start(Duration::max(), [] {});
  loop->run_until_idle();
  EXPECT_TRUE(timer.running());
}

TEST_F(SimulatedLoop, TaskRunsThroughVirtualHoursAtOnce) {
  auto flow = []() -> Task<int> {
    co_await sleep(3h);
    co_return 42;
  };
  EXPECT_EQ(loop->run_task(flow()), 42);
  EXPECT_EQ(clock.monotonic_ns(), std::chrono::nanoseconds(3h).count());
}

Task<void> append_after(Duration span, std::string* out, char letter) {
  co_await sleep(span);
  *out += letter;
}

TEST_F(SimulatedLoop, CancelledTaskNeverComesBack) {
  std::string out;
  Scope scope;
  scope.spawn(append_after(1s, &out, 'a'));
  scope.spawn(append_after(2s, &out, 'b'));
  loop->advance(1500ms);
  EXPECT_EQ(scope.size(), 1u);
  scope.cancel();
  loop->advance(1h);
  EXPECT_EQ(out, "a");
}

Task<void> wait_and_append(Event* event, std::string* out, char letter) {
  co_await event->wait();
  *out += letter;
}

TEST_F(SimulatedLoop, EventWakesAllThatWaitAndLetsThroughThoseThatCome) {
  Event event;
  std::string out;
  Scope scope;
  scope.spawn(wait_and_append(&event, &out, 'a'));
  scope.spawn(wait_and_append(&event, &out, 'a'));
  loop->run_until_idle();
  EXPECT_EQ(out, "");
  event.set();
  loop->run_until_idle();
  EXPECT_EQ(out, "aa");
  scope.spawn(wait_and_append(&event, &out, 'b'));
  EXPECT_EQ(out, "aab");
  event.reset();
  scope.spawn(wait_and_append(&event, &out, 'c'));
  loop->run_until_idle();
  EXPECT_EQ(out, "aab");
}

TEST_F(SimulatedLoop, WaiterCancelledBetweenSetAndItsTurnDoesNotRun) {
  Event event;
  std::string out;
  Scope first, second;
  first.spawn(wait_and_append(&event, &out, 'a'));
  second.spawn(wait_and_append(&event, &out, 'b'));
  event.set();
  first.cancel();
  loop->run_until_idle();
  EXPECT_EQ(out, "b");
}

TEST_F(SimulatedLoop, WaitForTellsWhetherTheEventCameInTime) {
  Event never, soon;
  Timer timer;
  timer.start(1s, [&] { soon.set(); });
  EXPECT_TRUE(loop->run_task(soon.wait_for(2s)));
  EXPECT_FALSE(loop->run_task(never.wait_for(2s)));
  never.set();
  EXPECT_TRUE(loop->run_task(never.wait_for(0s)));
}

Task<int> number_after(Duration span, int number, bool* ended) {
  struct Mark {
    bool* ended;
    ~Mark() { *ended = true; }
  } mark{ended};
  co_await sleep(span);
  co_return number;
}

TEST_F(SimulatedLoop, WithTimeoutGivesTheValueOrCancelsTheTask) {
  bool ended = false;
  EXPECT_EQ(loop->run_task(with_timeout(2s, number_after(1s, 7, &ended))), 7);
  EXPECT_TRUE(ended);
  ended = false;
  EXPECT_EQ(loop->run_task(with_timeout(1s, number_after(1h, 7, &ended))), std::nullopt);
  EXPECT_TRUE(ended);
  EXPECT_EQ(clock.monotonic_ns(), std::chrono::nanoseconds(2s).count());
  std::string out;
  EXPECT_TRUE(loop->run_task(with_timeout(2s, append_after(1s, &out, 'x'))));
  EXPECT_FALSE(loop->run_task(with_timeout(1s, append_after(2s, &out, 'y'))));
  EXPECT_EQ(out, "x");
}

TEST_F(SimulatedLoop, PoolWorkRunsOnTheLoopItself) {
  Pool pool(2);
  auto here = std::this_thread::get_id();
  EXPECT_EQ(loop->run_task(pool.run([] { return std::this_thread::get_id(); })), here);
}

TEST_F(LoopTest, PostedWorkRunsInOrderOnTheThreadOfTheLoop) {
  std::vector<int> order;
  std::thread::id where;
  std::thread other([&] {
    for (int i = 0; i < 100; i++) {
      loop->post([&, i] {
        order.push_back(i);
        where = std::this_thread::get_id();
      });
    }
    loop->stop();
  });
  loop->run();
  other.join();
  loop->run_task([]() -> Task<void> { co_return; }());
  EXPECT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(LoopTest, ManyThreadsPostWithoutLoss) {
  constexpr int kThreads = 4, kEach = 2000;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; i++) {
        loop->post([&] {
          if (++count == kThreads * kEach) loop->stop();
        });
      }
    });
  }
  loop->run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kEach);
}

TEST_F(LoopTest, WatchTellsOfInputUntilItIsRead) {
  Pipe pipe;
  std::string got;
  Loop::Entered entered(*loop);
  Watch watch(pipe.ends[0], Ready::Read, [&](Ready ready) {
    EXPECT_TRUE(ready & Ready::Read);
    char byte;
    if (read(pipe.ends[0], &byte, 1) == 1) got += byte;
    if (got.size() == 3) loop->stop();
  });
  ASSERT_EQ(write(pipe.ends[1], "abc", 3), 3);
  loop->run();
  EXPECT_EQ(got, "abc");
}

TEST_F(LoopTest, WatchDestroyedByAnotherInTheSameTurnIsNotCalled) {
  Pipe one, two;
  Loop::Entered entered(*loop);
  std::unique_ptr<Watch> a, b;
  int calls = 0;
  auto both = [&](Ready) {
    calls++;
    a = nullptr;
    b = nullptr;
    loop->stop();
  };
  a = std::make_unique<Watch>(one.ends[0], Ready::Read, both);
  b = std::make_unique<Watch>(two.ends[0], Ready::Read, both);
  ASSERT_EQ(write(one.ends[1], "x", 1), 1);
  ASSERT_EQ(write(two.ends[1], "x", 1), 1);
  loop->run();
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopTest, HangUpWithoutInterestDoesNotWakeTheLoop) {
  Pipe pipe;
  Loop::Entered entered(*loop);
  Watch watch(pipe.ends[0], Ready::Read, [&](Ready) { FAIL(); });
  watch.set_interest(Ready::None);
  close(pipe.ends[1]);
  pipe.ends[1] = -1;
  Timer timer;
  timer.start(5ms, [&] { loop->stop(); });
  uint64_t before = loop->wakes();
  loop->run();
  EXPECT_LE(loop->wakes() - before, 2u);
}

TEST_F(LoopTest, RegularFileIsAlwaysReady) {
  char name[] = "/tmp/loop_test_XXXXXX";
  int fd = mkstemp(name);
  ASSERT_GE(fd, 0);
  unlink(name);
  {
    Loop::Entered entered(*loop);
    Watch watch(fd, Ready::Write, [&](Ready ready) {
      EXPECT_TRUE(ready & Ready::Write);
      loop->stop();
    });
    loop->run();
  }
  close(fd);
}

TEST_F(LoopTest, IdleLoopSleepsUntilItsTimer) {
  Loop::Entered entered(*loop);
  Timer timer;
  timer.start(30ms, [&] { loop->stop(); });
  uint64_t before = loop->wakes();
  loop->run();
  EXPECT_LE(loop->wakes() - before, 2u);
}

TEST_F(LoopTest, PoolBringsResultsBackToTheLoop) {
  Pool pool(3);
  auto flow = [](Pool* pool) -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 50; i++) {
      int value = co_await pool->run([i] { return i; });
      sum += value;
    }
    auto here = std::this_thread::get_id();
    auto there = co_await pool->run([] { return std::this_thread::get_id(); });
    EXPECT_NE(here, there);
    EXPECT_EQ(here, std::this_thread::get_id());
    co_return sum;
  };
  EXPECT_EQ(loop->run_task(flow(&pool)), 1225);
}

TEST_F(LoopTest, PoolNeverRunsMoreThanItsThreads) {
  std::atomic<int> running = 0, most = 0, ended = 0;
  {
    Pool pool(2);
    for (int i = 0; i < 50; i++) {
      pool.submit([&] {
        int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        running--;
        ended++;
      });
    }
  }
  EXPECT_LE(most, 2);
  EXPECT_EQ(ended, 50);
}

TEST_F(LoopTest, CancelledWaitForPoolDropsTheResult) {
  auto kept = std::make_shared<int>(1);
  {
    Pool pool(1);
    Scope scope;
    auto flow = [](Pool* pool, std::shared_ptr<int> kept) -> Task<void> {
      co_await pool->run([kept] { return kept; });
    };
    Loop::Entered entered(*loop);
    scope.spawn(flow(&pool, kept));
    scope.cancel();
  }
  loop = nullptr;
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(LoopTest, TimersAndWatchesMayOutliveTheLoop) {
  Pipe pipe;
  Timer timer;
  std::unique_ptr<Watch> watch;
  {
    Loop::Entered entered(*loop);
    timer.start(1s, [] {});
    watch = std::make_unique<Watch>(pipe.ends[0], Ready::Read, [](Ready) {});
  }
  loop = nullptr;
  EXPECT_FALSE(timer.running());
}

}  // namespace
}  // namespace io
