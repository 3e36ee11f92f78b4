#include "kubelet/volume/slow_usage.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/clock.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;

class SlowUsageTest : public testing::Test {
 protected:
  io::Task<void> get(uint64_t* out) {
    auto usage = co_await usage_.get("/v", [this] { return ask(); });
    *out = usage ? usage->used_bytes : 0;
  }
  io::Task<SlowUsage::Usage> ask() {
    ++asked_;
    co_await io::sleep(takes_);
    if (silent_) co_return std::nullopt;
    co_return stats::FilesystemUsage{.used_bytes = says_};
  }
  // 999: there is no answer yet.
  uint64_t look() {
    uint64_t& answer = answers_.emplace_back(999);
    scope_.spawn(get(&answer));
    loop_->run_until_idle();
    return answer;
  }

  base::FakeClock clock_{1'700'000'000'000'000'000};
  std::unique_ptr<io::Loop> loop_ = io::Loop::create_simulated(clock_);
  io::Loop::Entered entered_{*loop_};
  std::deque<uint64_t> answers_;  // outlive those who write them
  int asked_ = 0;
  bool silent_ = false;
  uint64_t says_ = 5;
  io::Duration takes_ = 0s;
  SlowUsage usage_;
  io::Scope scope_;
};

TEST_F(SlowUsageTest, WhatWasSaidIsGoodForAMinute) {
  EXPECT_EQ(look(), 5U);
  says_ = 6;
  loop_->advance(59s);
  EXPECT_EQ(look(), 5U);
  loop_->advance(2s);
  EXPECT_EQ(look(), 6U);
  EXPECT_EQ(asked_, 2);
}

TEST_F(SlowUsageTest, WhoSaysNothingIsAskedAgainSoon) {
  silent_ = true;
  EXPECT_EQ(look(), 0U);
  silent_ = false;
  loop_->advance(9s);
  EXPECT_EQ(look(), 0U);
  loop_->advance(2s);
  EXPECT_EQ(look(), 5U);
}

TEST_F(SlowUsageTest, WhoTakesTooLongIsNotWaitedFor) {
  EXPECT_EQ(look(), 5U);
  says_ = 6;
  takes_ = 1h;
  loop_->advance(61s);
  EXPECT_EQ(look(), 999U) << "it is waited for a moment";
  loop_->advance(3s);
  EXPECT_EQ(look(), 5U) << "and then what was said before counts, without asking again";
  EXPECT_EQ(asked_, 2);
}

}  // namespace
}  // namespace kubelet
