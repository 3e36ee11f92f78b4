#include "apiserver/flowcontrol/fair_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace apiserver {
namespace {

struct Named final : Waiter {
  explicit Named(std::string name, int wanted = 1) : name(std::move(name)) { seats = wanted; }
  std::string name;
};

std::shared_ptr<Named> named(std::string name, int seats = 1) {
  return std::make_shared<Named>(std::move(name), seats);
}

std::string next_of(FairQueue& level, int seats_max) {
  auto next = level.seat_next(seats_max);
  return next == nullptr ? "" : static_cast<const Named&>(*next).name;
}

TEST(FairQueue, AFlowWithManyRequestsWaitsBehindItself) {
  FairQueue level({.seats = 1, .queues = 64, .hand = 1, .length = 50});
  Named first("first");
  ASSERT_TRUE(level.sit(first, 1));
  EXPECT_FALSE(level.sit(*named("second"), 1));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(level.queue(1, named("a")));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(level.queue(2, named("b")));
  std::string order;
  while (level.waiting() > 0) {
    level.finish(first);
    level.rise(first);
    order += next_of(level, 1);
  }
  EXPECT_EQ(order, "ababaaa");
}

TEST(FairQueue, AFlowOfWideRequestsIsSeatedLessOften) {
  FairQueue level({.seats = 4, .queues = 64, .hand = 1, .length = 50});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(level.queue(1, named("W", 4)));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(level.queue(2, named("n")));
  std::string order;
  while (level.waiting() > 0) {
    auto next = level.seat_next(4);
    ASSERT_NE(next, nullptr);
    order += static_cast<const Named&>(*next).name;
    level.finish(*next);
    level.rise(*next);
  }
  EXPECT_EQ(order, "WnnnnWnnnnW");
}

TEST(FairQueue, WhoWantsMoreSeatsThanAreFreeWaitsUntilTheyAre) {
  FairQueue level({.seats = 4, .queues = 4, .hand = 1, .length = 5});
  Named one("one", 2);
  ASSERT_TRUE(level.sit(one, 4));
  EXPECT_FALSE(level.sit(*named("three", 3), 4));
  ASSERT_TRUE(level.queue(1, named("three", 3)));
  EXPECT_EQ(next_of(level, 4), "");
  level.finish(one);
  EXPECT_EQ(next_of(level, 4), "");
  level.rise(one);
  EXPECT_EQ(next_of(level, 4), "three");
}

TEST(FairQueue, WhoWantsMoreSeatsThanThereAreSitsAlone) {
  FairQueue level({.seats = 2, .queues = 4, .hand = 1, .length = 5});
  Named wide("wide", 10);
  Named narrow("narrow");
  ASSERT_TRUE(level.sit(wide, 2));
  EXPECT_FALSE(level.sit(narrow, 2));
  level.finish(wide);
  level.rise(wide);
  EXPECT_TRUE(level.sit(narrow, 2));
}

TEST(FairQueue, AFullQueueTakesNobodyAndOneWithoutQueuesNeither) {
  FairQueue level({.seats = 1, .queues = 4, .hand = 1, .length = 1});
  EXPECT_TRUE(level.queue(1, named("a")));
  EXPECT_FALSE(level.queue(1, named("a")));
  FairQueue rejecting({.seats = 1});
  EXPECT_FALSE(rejecting.queue(1, named("a")));
}

TEST(FairQueue, WhoLeavesIsNotSeated) {
  FairQueue level({.seats = 1, .queues = 4, .hand = 2, .length = 5});
  auto one = named("a");
  ASSERT_TRUE(level.queue(7, one));
  EXPECT_TRUE(level.leave(one));
  EXPECT_FALSE(level.leave(one));
  EXPECT_EQ(level.seat_next(1), nullptr);
}

TEST(FairQueue, AHandHoldsDifferentQueues) {
  for (uint64_t flow : {uint64_t{0}, uint64_t{1}, uint64_t{0x123456789abcdef}, ~uint64_t{0}}) {
    auto hand = FairQueue::hand_of(flow, 64, 8);
    EXPECT_EQ(std::set<size_t>(hand.begin(), hand.end()).size(), 8u);
    for (size_t one : hand) EXPECT_LT(one, 64u);
  }
  EXPECT_EQ(FairQueue::hand_of(5, 2, 8).size(), 2u);
}

}  // namespace
}  // namespace apiserver
