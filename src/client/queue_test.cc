#include "client/queue.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace client {
namespace {

using namespace std::chrono_literals;

class QueueTest : public testing::Test {
 protected:
  // Runs `work` on the loop and all that follows from it at once.
  void on_loop(std::function<void()> work) {
    loop_->post(std::move(work));
    loop_->run_until_idle();
  }
  void add(std::string name) {
    on_loop([&] { queue_->add({"ns", name}); });
  }
  void start_worker() {
    on_loop([this] { scope_.spawn(collect(this)); });
  }
  void done(std::string name) {
    on_loop([&] { queue_->done({"ns", name}); });
  }
  void expect_taken(std::vector<std::string> names) { EXPECT_EQ(taken_, names); }

  static io::Task<void> collect(QueueTest* test) {
    for (;;) {
      Key key = co_await test->queue_->take();
      test->taken_.push_back(key.name);
    }
  }

  base::FakeClock clock_;
  base::SeededRandom random_{1};
  std::unique_ptr<io::Loop> loop_ = io::Loop::create_simulated(clock_);
  std::unique_ptr<Queue> queue_ = std::make_unique<Queue>(random_);
  std::vector<std::string> taken_;
  io::Scope scope_;
};

TEST_F(QueueTest, KeyAddedTwiceIsTakenOnce) {
  add("a");
  add("a");
  add("b");
  start_worker();
  expect_taken({"a", "b"});
}

TEST_F(QueueTest, KeyAddedWhileBusyComesBackAfterDone) {
  start_worker();
  add("a");
  add("a");
  expect_taken({"a"});
  done("a");
  expect_taken({"a", "a"});
  done("a");
  expect_taken({"a", "a"});
}

TEST_F(QueueTest, DelayedKeyComesAtTheEarlierOfTwoTimes) {
  start_worker();
  on_loop([&] {
    queue_->add_after({"ns", "a"}, 10s);
    queue_->add_after({"ns", "a"}, 5s);
    queue_->add_after({"ns", "a"}, 20s);
  });
  loop_->advance(4s);
  expect_taken({});
  loop_->advance(1s);
  expect_taken({"a"});
  done("a");
  loop_->advance(60s);
  expect_taken({"a"});
}

TEST_F(QueueTest, WorkerCancelledBeforeItWakesLeavesTheKeyToAnother) {
  io::Scope first;
  on_loop([&] { first.spawn(collect(this)); });
  start_worker();
  on_loop([&] {
    queue_->add({"ns", "a"});
    first.cancel();
  });
  expect_taken({"a"});
}

TEST_F(QueueTest, FailuresComeBackEverMoreSlowlyUntilSuccess) {
  std::vector<int64_t> times;
  int failures = 8;
  Reconcile reconcile = [&](Key key) -> io::Task<base::Result<void>> {
    struct Flow {
      static io::Task<base::Result<void>> run(std::vector<int64_t>* times, int* failures) {
        times->push_back(io::Loop::current().clock().monotonic_ns());
        if ((*failures)-- > 0) co_return base::fail(base::Code::Internal, "not yet");
        co_return {};
      }
    };
    return Flow::run(&times, &failures);
  };
  on_loop([&] { scope_.spawn(run_workers("test", *queue_, 2, reconcile)); });
  add("a");
  loop_->advance(60s);
  ASSERT_EQ(times.size(), 9u);
  for (size_t i = 2; i < times.size(); i++) EXPECT_GT(times[i] - times[i - 1], 3 * (times[i - 1] - times[i - 2]) / 2);
  // Forgotten after the success: the next failure starts small again.
  failures = 1;
  add("a");
  loop_->advance(1s);
  ASSERT_EQ(times.size(), 11u);
  EXPECT_LT(times[10] - times[9], 6'000'000);
}

}  // namespace
}  // namespace client
