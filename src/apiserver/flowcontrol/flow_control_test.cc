#include "apiserver/flowcontrol/flow_control.h"

#include <gtest/gtest.h>

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "apiserver/flowcontrol/retry_after.h"
#include "apiserver/flowcontrol/work_estimate.h"
#include "apiserver/testing_server.h"

namespace apiserver {
namespace {

// Two levels of ten seats each: "few" queues and lends nothing, "none" turns away and lends all.
class FlowControlTest : public testing::Test {
 protected:
  FlowControlTest() {
    add_level("few", R"("limitResponse":{"type":"Queue","queuing":{"queues":8,"handSize":2,"queueLengthLimit":3}})");
    add_level("none", R"("lendablePercent":100,"borrowingLimitPercent":0,"limitResponse":{"type":"Reject"})");
    add_schema("few", 100, "alice");
    add_schema("none", 200, "bob");
    add_schema("gone", 50, "alice", "missing");
    control_.emplace(server_.server().registry().reader(), base::system_clock(), 20, metrics_);
  }
  void add_level(const std::string& name, const std::string& limits) {
    auto reply = server_.send(
        "POST", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
        base::cat({R"({"metadata":{"name":")", name,
                   R"("},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":10,)", limits, "}}}"}));
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  void add_schema(const std::string& name, int precedence, const std::string& user, std::string level = "") {
    auto reply = server_.send(
        "POST", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
        base::cat(
            {R"({"metadata":{"name":")", name, R"("},"spec":{"matchingPrecedence":)", std::to_string(precedence),
             R"(,"priorityLevelConfiguration":{"name":")", level.empty() ? name : level,
             R"("},"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"User","user":{"name":")",
             user,
             R"("}}],"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"]}]}]}})"}));
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  static AuthorizationAttributes by(const std::string& user) {
    AuthorizationAttributes asked;
    asked.user.name = user;
    asked.verb = "get";
    asked.resource = "pods";
    asked.namespace_ = "default";
    asked.resource_request = true;
    return asked;
  }
  FlowControl::Admitted enter(const std::string& user, int seats = 1, int64_t afterwards_ns = 0) {
    auto admitted = server_.loop().run_task(control_->enter(by(user), {seats, afterwards_ns}));
    EXPECT_TRUE(admitted);
    return std::move(*admitted);
  }
  // In the background; `entered` counts those that got their seats.
  io::Task<void> wait_for_seat(std::string user) {
    auto admitted = co_await control_->enter(by(user), {});
    if (admitted && !admitted->refused()) {
      ++entered_;
      held_.push_back(std::move(admitted->seat));
    }
  }
  void settle() {
    server_.loop().run_task([]() -> io::Task<void> { co_await io::sleep(std::chrono::milliseconds(1)); }());
  }
  FlowLevelView level(const std::string& name) const {
    for (auto& view : control_->view()) {
      if (view.name == name) return view;
    }
    return {};
  }

  TestServer server_;
  base::Metrics metrics_;
  std::optional<FlowControl> control_;
  std::vector<FlowControl::Seat> held_;
  int entered_ = 0;
  io::Scope scope_;
};

TEST_F(FlowControlTest, RequestsOfNoSchemaAreNotGoverned) {
  EXPECT_EQ(enter("carol").schema_uid, "");
}

TEST_F(FlowControlTest, ASchemaWithoutItsLevelIsPassedOver) {
  auto admitted = enter("alice");
  auto few = server_.send("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/few");
  EXPECT_NE(admitted.schema_uid, "");
  EXPECT_TRUE(few.says(admitted.schema_uid));
}

TEST_F(FlowControlTest, ALevelWithoutQueuesTurnsAwayAndSaysWhenToComeBack) {
  std::vector<FlowControl::Admitted> all;
  for (int i = 0; i < 10; ++i) all.push_back(enter("bob"));
  auto refused = enter("bob");
  EXPECT_TRUE(refused.refused());
  EXPECT_EQ(refused.retry_after_seconds, 1);
  EXPECT_NE(refused.schema_uid, "");
  EXPECT_NE(refused.level_uid, "");
  EXPECT_EQ(level("none").rejected, 1u);
  all.pop_back();
  EXPECT_FALSE(enter("bob").refused());
  EXPECT_NE(metrics_.to_text().find("apiserver_flowcontrol_rejected_requests_total{flow_schema=\"none\",priority_level="
                                    "\"none\",reason=\"concurrency-limit\"} 1"),
            std::string::npos);
}

TEST_F(FlowControlTest, AWideRequestTakesAsManySeats) {
  auto wide = enter("bob", 9);
  EXPECT_FALSE(enter("bob", 1).refused());
  auto one = enter("bob", 1);
  EXPECT_TRUE(enter("bob", 1).refused());
}

TEST_F(FlowControlTest, SeatsThatAreNotUsedAreBorrowedAndWhoWaitsGetsTheNext) {
  std::vector<FlowControl::Admitted> all;
  for (int i = 0; i < 20; ++i) all.push_back(enter("alice"));
  for (const auto& one : all) EXPECT_FALSE(one.refused());
  for (int i = 0; i < 2; ++i) scope_.spawn(wait_for_seat("alice"));
  settle();
  EXPECT_EQ(entered_, 0);
  auto view = level("few");
  EXPECT_EQ(view.waiting, 2u);
  EXPECT_EQ(view.executing, 20);
  EXPECT_EQ(view.requests.back().distinguisher, "alice");
  EXPECT_GE(view.requests.back().queue, 0);
  EXPECT_EQ(view.requests.back().started_ns, 0);
  // Its own seats a level has at once, lent or not.
  EXPECT_FALSE(enter("bob").refused());
  all.pop_back();
  settle();
  EXPECT_EQ(entered_, 1);
  all.pop_back();
  settle();
  EXPECT_EQ(entered_, 2);
}

TEST_F(FlowControlTest, SeatsMayStayTakenAfterTheAnswer) {
  constexpr int64_t kHour = 3'600'000'000'000;
  {
    auto told = enter("bob", 9, kHour);
  }
  auto view = level("none");
  EXPECT_EQ(view.executing, 0);
  EXPECT_TRUE(view.requests.empty());
  auto last = enter("bob");
  EXPECT_FALSE(last.refused());
  EXPECT_TRUE(enter("bob").refused());
}

TEST_F(FlowControlTest, WhoWaitsGetsSeatsThatStayedTaken) {
  scope_.spawn(control_->run());
  {
    std::vector<FlowControl::Admitted> all;
    for (int i = 0; i < 2; ++i) all.push_back(enter("alice", 10, 50'000'000));
  }
  // Nobody else comes or goes.
  scope_.spawn(wait_for_seat("alice"));
  EXPECT_EQ(entered_, 0);
  for (int i = 0; i < 5000 && entered_ == 0; ++i) settle();
  EXPECT_EQ(entered_, 1);
}

TEST_F(FlowControlTest, AFullQueueTurnsAway) {
  std::vector<FlowControl::Admitted> all;
  for (int i = 0; i < 20; ++i) all.push_back(enter("alice"));
  // A hand of two queues with three places each.
  for (int i = 0; i < 6; ++i) scope_.spawn(wait_for_seat("alice"));
  settle();
  EXPECT_TRUE(enter("alice").refused());
  scope_.cancel();
  EXPECT_EQ(level("few").waiting, 0u);
  EXPECT_EQ(level("few").cancelled, 6u);
}

TEST(WorkEstimate, AListIsWorthWhatItReads) {
  EXPECT_EQ(work_of_list(0, 0, false), (Work{.seats = 1}));
  EXPECT_EQ(work_of_list(250, 0, false), (Work{.seats = 3}));
  EXPECT_EQ(work_of_list(100'000, 500, false), (Work{.seats = 5}));
  EXPECT_EQ(work_of_list(100'000, 500, true), (Work{.seats = kSeatsMax}));
}

TEST(WorkEstimate, AWriteIsWorthMoreTheMoreAreToldAndForLonger) {
  EXPECT_EQ(work_of_write(9), (Work{.seats = 1, .afterwards_ns = 0}));
  EXPECT_EQ(work_of_write(10), (Work{.seats = 1, .afterwards_ns = 5'000'000}));
  EXPECT_EQ(work_of_write(25), (Work{.seats = 3, .afterwards_ns = 5'000'000}));
  EXPECT_EQ(work_of_write(100'000), (Work{.seats = kSeatsMax, .afterwards_ns = 5'000'000}));
}

TEST(WorkEstimate, OfAWriteThoseAreToldWhoWatchItsPlace) {
  Watchers watchers;
  {
    Watchers::Watching all(watchers, {"pods", "", ""});
    Watchers::Watching team(watchers, {"pods", "team", ""});
    Watchers::Watching other(watchers, {"pods", "other", ""});
    Watchers::Watching one(watchers, {"pods", "team", "a"});
    Watchers::Watching named(watchers, {"pods", "", "a"});
    Watchers::Watching nodes(watchers, {"nodes", "", ""});
    EXPECT_EQ(watchers.of({"pods", "team", "a"}), 4u);
    EXPECT_EQ(watchers.of({"pods", "team", "b"}), 2u);
    EXPECT_EQ(watchers.of({"pods", "team", ""}), 2u);
    EXPECT_EQ(watchers.of({"nodes", "", "n"}), 1u);
  }
  EXPECT_EQ(watchers.of({"pods", "team", "a"}), 0u);
}

TEST(RetryAfterTest, TheMoreAreSentAwayTheLaterTheyComeBack) {
  RetryAfter retry;
  int64_t now_ns = 1'000'000'000'000;
  EXPECT_EQ(retry.sent_away(now_ns), 1);
  int most = 0;
  for (int i = 0; i < 100'000; ++i) most = std::max(most, retry.sent_away(now_ns += 10'000'000));
  EXPECT_EQ(most, 32);
  EXPECT_EQ(retry.sent_away(now_ns + 3'600'000'000'000), 16);
  for (int i = 1; i < 8; ++i) retry.sent_away(now_ns + i * 7'200'000'000'000);
  EXPECT_EQ(retry.sent_away(now_ns + 9 * 7'200'000'000'000), 1);
}

}  // namespace
}  // namespace apiserver
