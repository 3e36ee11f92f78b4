#include "apiserver/registry/turns.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "io/loop.h"

namespace apiserver {
namespace {

class TurnsTest : public testing::Test {
 protected:
  // Waits for a turn at `key`, notes itself as begun, and ends when told.
  io::Task<void> write(std::string key, std::string name, io::Event* end) {
    auto turn = co_await turns_.take(key);
    begun_.push_back(turn.is_ours() ? name : name + " without");
    if (end != nullptr) co_await end->wait();
  }
  static io::Task<void> turn_of_loop() { co_await io::sleep(io::Duration(0)); }
  void settle() {
    for (int i = 0; i < 5; ++i) loop_->run_task(turn_of_loop());
  }
  io::Task<void> begun(size_t count) {
    while (begun_.size() < count) co_await io::sleep(std::chrono::milliseconds(1));
  }

  base::FakeClock clock_;
  std::unique_ptr<io::Loop> loop_ = io::Loop::create_simulated(clock_);
  io::Loop::Entered entered_{*loop_};
  Turns turns_;
  std::vector<std::string> begun_;
};

using Names = std::vector<std::string>;

TEST_F(TurnsTest, WritersOfOneKeyFollowEachOtherAndOthersDoNotWait) {
  io::Event first_ends, second_ends;
  io::Scope scope;
  scope.spawn(write("a", "first", &first_ends));
  scope.spawn(write("a", "second", &second_ends));
  scope.spawn(write("a", "third", nullptr));
  scope.spawn(write("b", "other", nullptr));
  settle();
  EXPECT_EQ(begun_, (Names{"first", "other"}));
  first_ends.set();
  settle();
  EXPECT_EQ(begun_, (Names{"first", "other", "second"}));
  second_ends.set();
  settle();
  EXPECT_EQ(begun_, (Names{"first", "other", "second", "third"}));
}

TEST_F(TurnsTest, WhoGivesUpWaitingHoldsUpNobody) {
  io::Event end;
  io::Scope first, third;
  auto second = std::make_unique<io::Scope>();
  first.spawn(write("a", "first", &end));
  second->spawn(write("a", "second", nullptr));
  third.spawn(write("a", "third", nullptr));
  settle();
  second.reset();
  end.set();
  settle();
  EXPECT_EQ(begun_, (Names{"first", "third"}));
}

TEST_F(TurnsTest, WhoGivesUpWhenItIsHisTurnPassesItOn) {
  auto turn = std::make_unique<Turns::Turn>(loop_->run_task(turns_.take("a")));
  auto second = std::make_unique<io::Scope>();
  io::Scope third;
  second->spawn(write("a", "second", nullptr));
  third.spawn(write("a", "third", nullptr));
  settle();
  turn.reset();
  second.reset();  // before its loop could tell it
  settle();
  EXPECT_EQ(begun_, (Names{"third"}));
}

TEST_F(TurnsTest, ATurnThatIsCutShortIsTheNextOnes) {
  io::Event never;
  auto first = std::make_unique<io::Scope>();
  io::Scope second;
  first->spawn(write("a", "first", &never));
  second.spawn(write("a", "second", nullptr));
  settle();
  first.reset();
  settle();
  EXPECT_EQ(begun_, (Names{"first", "second"}));
}

TEST_F(TurnsTest, WhereALineStandsStillOneGoesAheadWithout) {
  io::Event end;
  io::Scope scope;
  scope.spawn(write("a", "first", &end));
  scope.spawn(write("a", "second", nullptr));
  loop_->run_task(begun(2));
  EXPECT_EQ(begun_, (Names{"first", "second without"}));
  end.set();
  settle();
  scope.spawn(write("a", "third", nullptr));
  settle();
  EXPECT_EQ(begun_.back(), "third");
}

}  // namespace
}  // namespace apiserver
