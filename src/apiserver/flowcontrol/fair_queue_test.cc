#include "apiserver/flowcontrol/fair_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace apiserver {
namespace {

struct Named final : Waiter {
  Named(std::string name, std::string& order) : name(std::move(name)), order(order) {}
  void seated() override { order += name; }
  std::string name;
  std::string& order;
};

TEST(FairQueue, AFlowWithManyRequestsWaitsBehindItself) {
  FairQueue level({.seats = 1, .queues = 64, .hand = 1, .length = 50});
  ASSERT_TRUE(level.sit(1));
  EXPECT_FALSE(level.sit(1));
  std::string order;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(level.queue(1, std::make_shared<Named>("a", order)));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(level.queue(2, std::make_shared<Named>("b", order)));
  while (level.waiting() > 0) {
    level.rise();
    ASSERT_TRUE(level.seat_next(1));
  }
  EXPECT_EQ(order, "ababaaa");
}

TEST(FairQueue, AFullQueueTakesNobodyAndOneWithoutQueuesNeither) {
  std::string order;
  FairQueue level({.seats = 1, .queues = 4, .hand = 1, .length = 1});
  EXPECT_TRUE(level.queue(1, std::make_shared<Named>("a", order)));
  EXPECT_FALSE(level.queue(1, std::make_shared<Named>("a", order)));
  FairQueue rejecting({.seats = 1});
  EXPECT_FALSE(rejecting.queue(1, std::make_shared<Named>("a", order)));
}

TEST(FairQueue, WhoLeavesIsNotSeated) {
  std::string order;
  FairQueue level({.seats = 1, .queues = 4, .hand = 2, .length = 5});
  auto one = std::make_shared<Named>("a", order);
  ASSERT_TRUE(level.queue(7, one));
  EXPECT_TRUE(level.leave(one));
  EXPECT_FALSE(level.leave(one));
  EXPECT_FALSE(level.seat_next(1));
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
