#include "apiserver/audit/sink.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace apiserver {
namespace {

class Remembering final : public AuditBackend {
 public:
  io::Task<bool> write(std::vector<std::string> events) override {
    std::string batch;
    for (const auto& event : events) batch += event;
    batches.push_back(batch);
    co_return works;
  }
  Now write_now(const std::string&) override { return Now::Cannot; }
  std::vector<std::string> batches;
  bool works = true;
};

class AuditSinkTest : public testing::Test {
 protected:
  void make(AuditDelivery delivery) {
    auto backend = std::make_unique<Remembering>();
    backend_ = backend.get();
    sink_.emplace(std::move(backend), delivery, clock_);
    scope_.spawn(sink_->run());
    loop_->run_until_idle();
  }
  bool deliver(const std::string& event) {
    bool kept = false;
    scope_.spawn([](AuditSink& sink, std::string event, bool& kept) -> io::Task<void> {
      kept = co_await sink.deliver(event);
    }(*sink_, event, kept));
    loop_->run_until_idle();
    return kept;
  }
  std::string batches() const {
    std::string text;
    for (const auto& one : backend_->batches) text += one + " ";
    return text;
  }

  base::FakeClock clock_;
  std::unique_ptr<io::Loop> loop_ = io::Loop::create_simulated(clock_);
  io::Loop::Entered entered_{*loop_};
  std::optional<AuditSink> sink_;
  Remembering* backend_ = nullptr;
  io::Scope scope_;
};

TEST_F(AuditSinkTest, ABatchGoesWhenItIsFullOrHasWaitedLongEnough) {
  make({.batch_max = 3, .batch_wait_ns = 10'000'000'000});
  for (const char* one : {"a", "b"}) EXPECT_TRUE(deliver(one));
  EXPECT_EQ(batches(), "");
  EXPECT_TRUE(deliver("c"));
  EXPECT_EQ(batches(), "abc ");
  EXPECT_TRUE(deliver("d"));
  loop_->advance(std::chrono::seconds(9));
  EXPECT_EQ(batches(), "abc ");
  loop_->advance(std::chrono::seconds(1));
  EXPECT_EQ(batches(), "abc d ");
}

TEST_F(AuditSinkTest, WhatDoesNotFitIsDropped) {
  make({.waiting_max = 2, .batch_max = 400});
  EXPECT_TRUE(deliver("a"));
  EXPECT_TRUE(deliver("b"));
  EXPECT_FALSE(deliver("c"));
  loop_->advance(std::chrono::seconds(30));
  EXPECT_EQ(batches(), "ab ");
}

TEST_F(AuditSinkTest, BatchesAreHeldToTheirRate) {
  make({.batch_max = 1, .batch_wait_ns = 0, .batches_per_second = 1, .burst = 2});
  for (const char* one : {"a", "b", "c", "d"}) deliver(one);
  EXPECT_EQ(batches(), "a b ");
  loop_->advance(std::chrono::seconds(1));
  EXPECT_EQ(batches(), "a b c ");
  loop_->advance(std::chrono::seconds(1));
  EXPECT_EQ(batches(), "a b c d ");
}

TEST_F(AuditSinkTest, WhoBlocksLearnsWhetherItIsKept) {
  make({.mode = AuditMode::Blocking});
  EXPECT_TRUE(deliver("a"));
  EXPECT_EQ(batches(), "a ");
  backend_->works = false;
  EXPECT_FALSE(deliver("b"));
  // What may not wait is sent by itself.
  sink_->take("c");
  loop_->run_until_idle();
  EXPECT_EQ(batches(), "a b c ");
}

TEST_F(AuditSinkTest, AtTheEndWhatStillWaitsIsSent) {
  make({.batch_max = 2, .batch_wait_ns = 3'600'000'000'000});
  deliver("a");
  scope_.cancel();
  loop_->run_task(sink_->drain());
  EXPECT_EQ(batches(), "a ");
}

TEST(AuditDeliveryTest, WhatMakesNoSenseIsRefused) {
  EXPECT_FALSE(audit_mode("sometimes"));
  EXPECT_TRUE(AuditDelivery{}.validate("audit-log"));
  EXPECT_FALSE((AuditDelivery{.waiting_max = 0}.validate("audit-log")));
  EXPECT_FALSE((AuditDelivery{.batches_per_second = 0}.validate("audit-log")));
  EXPECT_FALSE((AuditDelivery{.truncates = true, .event_bytes_max = 100, .batch_bytes_max = 50}.validate("audit-log")));
  EXPECT_TRUE((AuditDelivery{.mode = AuditMode::Blocking, .waiting_max = 0}.validate("audit-log")));
}

}  // namespace
}  // namespace apiserver
