#include "apiserver/flowcontrol/dump.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

std::vector<FlowLevelView> levels() {
  FlowLevelView exempt{.name = "exempt", .executing = 1, .dispatched = 7};
  exempt.requests.push_back({.schema = "probes", .arrived_ns = 1'000'000'000, .started_ns = 1'000'000'000});
  FlowLevelView low{.name = "low", .waiting = 1, .rejected = 2, .timed_out = 3, .cancelled = 4};
  low.queues.resize(2);
  low.queues[1] = {.waiting = 1, .executing = 2, .seats_in_use = 3, .seats_wanted = 10, .next_start = 5};
  auto& waiting = low.requests.emplace_back(
      FlowRequestView{.schema = "s", .distinguisher = "ann", .queue = 1, .place = 0, .seats = 10});
  waiting.arrived_ns = 2'500'000'000;
  waiting.asked.user.name = "ann\nexempt, forged";
  waiting.asked.verb = "list";
  waiting.asked.path = "/api/v1/pods";
  waiting.asked.api_version = "v1";
  waiting.asked.resource = "pods";
  return {exempt, low};
}

TEST(FlowControlDump, LevelsTellWhoWaitsAndWhatBecameOfTheOthers) {
  EXPECT_EQ(flow_control_dump("dump_priority_levels", levels(), false),
            "PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, "
            "DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests\n"
            "exempt,            0,            false,  false,       0,               1,                 "
            "7,                  0,                0,                0\n"
            "low,               1,            false,  false,       1,               0,                 "
            "0,                  2,                3,                4\n");
}

TEST(FlowControlDump, QueuesTellWhatIsInThem) {
  EXPECT_EQ(flow_control_dump("dump_queues", levels(), false),
            "PriorityLevelName, Index,  PendingRequests, ExecutingRequests, SeatsInUse, NextDispatchR, "
            "InitialSeatsSum, MaxSeatsSum, TotalWorkSum\n"
            "low,               0,      0,               0,                 0,          0.00000000ss,  "
            "0,               0,           0.00000000ss\n"
            "low,               1,      1,               2,                 3,          5.00000000ss,  "
            "10,              10,          10.00000000ss\n");
}

TEST(FlowControlDump, RequestsAreShownWithTheirPlace) {
  EXPECT_EQ(flow_control_dump("dump_requests", levels(), false),
            "PriorityLevelName, FlowSchemaName, QueueIndex, RequestIndexInQueue, FlowDistingsher, ArriveTime,"
            "             InitialSeats, FinalSeats, AdditionalLatency, StartTime\n"
            "exempt,            probes,         -1,         -1,                  ,                "
            "1970-01-01T00:00:01Z,   1,            0,          0s,                1970-01-01T00:00:01Z\n"
            "low,               s,              1,          0,                   ann,             "
            "1970-01-01T00:00:02.5Z, 10,           0,          0s,                0001-01-01T00:00:00Z\n");
}

TEST(FlowControlDump, NamesThatClientsChooseMakeNoLinesOfTheirOwn) {
  auto text = flow_control_dump("dump_requests", levels(), true);
  EXPECT_NE(text.find("ann?exempt, forged,"), std::string::npos) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
}

TEST(FlowControlDump, OtherPagesAreNotThere) {
  EXPECT_EQ(flow_control_dump("dump", levels(), false), "");
}

}  // namespace
}  // namespace apiserver
