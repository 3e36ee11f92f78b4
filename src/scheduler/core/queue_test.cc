#include "scheduler/core/queue.h"

#include <gtest/gtest.h>

namespace scheduler {
namespace {

using std::chrono::seconds;

struct QueueTest : testing::Test {
  base::FakeClock clock;
  std::unique_ptr<io::Loop> loop = io::Loop::create_simulated(clock);
  std::optional<Queue> queue;
  QueueTest() {
    on_loop([this] { queue.emplace(clock); });
  }
  ~QueueTest() override {
    on_loop([this] { queue.reset(); });
  }

  template <class Work>
  void on_loop(Work work) {
    loop->post(work);
    loop->run_until_idle();
  }
  static PodInfoRef pod(std::string name, int priority = 0) {
    auto info = std::make_shared<PodInfo>();
    info->key = {"default", std::move(name)};
    info->priority = priority;
    return info;
  }
  void put(std::string name, int priority = 0) {
    on_loop([&] { queue->put(pod(name, priority)); });
  }
  // The next pod's name, or "" if none is due.
  std::string take() {
    if (!queue->has_active()) return "";
    last = loop->run_task(queue->take());
    return last.pod->key.name;
  }
  void refuse(Happening wakers) {
    on_loop([&] { queue->put_back(last, wakers, false); });
  }
  void happened(Happening what) {
    on_loop([&] { queue->happened(what); });
  }
  Queue::Entry last;
};

TEST_F(QueueTest, TheMoreImportantGoesFirstThenTheOlder) {
  put("a");
  put("b", 100);
  put("c");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "c");
  EXPECT_EQ(take(), "");
}

TEST_F(QueueTest, ARefusedPodWaitsForWhatItCaresAbout) {
  put("a");
  take();
  refuse(Happening::NodeAdded);
  loop->advance(seconds(2));
  happened(Happening::PodRemoved);
  EXPECT_EQ(take(), "");
  happened(Happening::NodeAdded);
  EXPECT_EQ(take(), "a");
}

TEST_F(QueueTest, WhatHappenedWhileItWasTriedIsNotMissed) {
  put("a");
  take();
  happened(Happening::NodeAdded);
  refuse(Happening::NodeAdded);
  loop->advance(seconds(1));
  EXPECT_EQ(take(), "a");
}

TEST_F(QueueTest, AWokenPodFirstSitsOutItsBackOffWhichDoubles) {
  put("a");
  for (int wait : {1, 2, 4, 8, 10, 10}) {
    ASSERT_EQ(take(), "a") << wait;
    refuse(Happening::All);
    happened(Happening::NodeAdded);
    loop->advance(seconds(wait) - std::chrono::milliseconds(1));
    EXPECT_EQ(take(), "") << wait;
    loop->advance(std::chrono::milliseconds(1));
  }
}

TEST_F(QueueTest, AfterFiveMinutesItIsTriedWhateverHappened) {
  put("a");
  take();
  refuse(Happening::None);
  loop->advance(seconds(299));
  EXPECT_EQ(take(), "");
  loop->advance(seconds(1));
  EXPECT_EQ(take(), "a");
}

TEST_F(QueueTest, ADeletedPodIsForgottenWhereverItIs) {
  put("a");
  on_loop([&] { queue->remove({"default", "a"}); });
  EXPECT_EQ(take(), "");
  put("b");
  take();
  on_loop([&] { queue->remove({"default", "b"}); });
  refuse(Happening::All);
  happened(Happening::NodeAdded);
  loop->advance(seconds(20));
  EXPECT_EQ(take(), "");
}

}  // namespace
}  // namespace scheduler
