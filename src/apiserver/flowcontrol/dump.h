// What /debug/api_priority_and_fairness/ shows: levels, queues and requests as they are, in upstream's columns.
// Kubernetes documentation, "Flow control", "Debug endpoints".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

struct FlowRequestView {
  std::string schema;
  std::string distinguisher;
  int queue = -1;  // -1: it has not waited
  int place = -1;  // in the queue; -1: it is being answered
  int seats = 1;
  int64_t arrived_ns = 0;  // wall clock
  int64_t started_ns = 0;  // 0: not yet
  AuthorizationAttributes asked;
};

struct FlowQueueView {
  size_t waiting = 0;
  int executing = 0;
  int seats_in_use = 0;
  int seats_wanted = 0;  // by all that wait
  uint64_t next_start = 0;
};

struct FlowLevelView {
  std::string name;
  bool quiescing = false;  // goes when it is empty
  size_t waiting = 0;
  int executing = 0;
  uint64_t dispatched = 0;
  uint64_t rejected = 0;
  uint64_t timed_out = 0;
  uint64_t cancelled = 0;
  std::vector<FlowQueueView> queues;
  std::vector<FlowRequestView> requests;
};

// The page of that name ("dump_priority_levels", ...); "" when there is none.
std::string flow_control_dump(std::string_view page, const std::vector<FlowLevelView>& levels, bool with_details);

}  // namespace apiserver
