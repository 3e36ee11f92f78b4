#include "apiserver/flowcontrol/dump.h"

#include <algorithm>
#include <cstdio>

#include "base/time.h"

namespace apiserver {
namespace {

constexpr size_t kColumnMin = 8;

// Cells in columns of equal width, a comma after each but the last.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }

  void add(std::vector<std::string> row) {
    // What clients call themselves must not make lines of its own.
    for (auto& cell : row) {
      std::ranges::replace_if(cell, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    }
    rows_.push_back(std::move(row));
  }

  std::string text() const {
    std::vector<size_t> widths(rows_.front().size(), kColumnMin);
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size() + 2);
    }
    std::string text;
    for (const auto& row : rows_) {
      for (size_t i = 0; i + 1 < row.size(); ++i) {
        text += row[i];
        text += ',';
        text.append(widths[i] - row[i].size() - 1, ' ');
      }
      text += row.back();
      text += '\n';
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string yes_or_no(bool yes) {
  return yes ? "true" : "false";
}

std::string seat_seconds(double amount) {
  char text[48];
  snprintf(text, sizeof text, "%.8fss", amount);
  return text;
}

std::string moment(int64_t wall_ns) {
  if (wall_ns == 0) return "0001-01-01T00:00:00Z";
  auto time = base::Time::from_ns(wall_ns);
  std::string text = base::format_rfc3339(time);
  if (time.nanos == 0) return text;
  char fraction[12];
  snprintf(fraction, sizeof fraction, ".%09d", time.nanos);
  std::string_view digits = fraction;
  while (digits.ends_with('0')) digits.remove_suffix(1);
  return text.insert(text.size() - 1, digits);
}

std::string levels_page(const std::vector<FlowLevelView>& levels) {
  Table table({"PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests",
               "DispatchedRequests", "RejectedRequests", "TimedoutRequests", "CancelledRequests"});
  for (const auto& level : levels) {
    auto active = std::ranges::count_if(level.queues, [](const auto& queue) { return queue.waiting > 0; });
    table.add({level.name, std::to_string(active), yes_or_no(level.waiting == 0 && level.executing == 0),
               yes_or_no(level.quiescing), std::to_string(level.waiting), std::to_string(level.executing),
               std::to_string(level.dispatched), std::to_string(level.rejected), std::to_string(level.timed_out),
               std::to_string(level.cancelled)});
  }
  return table.text();
}

std::string queues_page(const std::vector<FlowLevelView>& levels) {
  Table table({"PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR",
               "InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum"});
  for (const auto& level : levels) {
    for (size_t i = 0; i < level.queues.size(); ++i) {
      const auto& queue = level.queues[i];
      auto wanted = std::to_string(queue.seats_wanted);
      // A request is counted as a second of work: how long it takes is not guessed at.
      table.add({level.name, std::to_string(i), std::to_string(queue.waiting), std::to_string(queue.executing),
                 std::to_string(queue.seats_in_use), seat_seconds(static_cast<double>(queue.next_start)), wanted,
                 wanted, seat_seconds(queue.seats_wanted)});
    }
  }
  return table.text();
}

std::string requests_page(const std::vector<FlowLevelView>& levels, bool with_details) {
  std::vector<std::string> head = {"PriorityLevelName", "FlowSchemaName", "QueueIndex",   "RequestIndexInQueue",
                                   "FlowDistingsher",   "ArriveTime",     "InitialSeats", "FinalSeats",
                                   "AdditionalLatency", "StartTime"};
  if (with_details) {
    for (const char* name :
         {"UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"})
      head.emplace_back(name);
  }
  Table table(std::move(head));
  for (const auto& level : levels) {
    for (const auto& request : level.requests) {
      std::vector<std::string> row = {level.name,
                                      request.schema,
                                      std::to_string(request.queue),
                                      std::to_string(request.place),
                                      request.distinguisher,
                                      moment(request.arrived_ns),
                                      std::to_string(request.seats),
                                      "0",
                                      "0s",
                                      moment(request.started_ns)};
      if (with_details) {
        const auto& asked = request.asked;
        for (const auto* text : {&asked.user.name, &asked.verb, &asked.path, &asked.namespace_, &asked.name,
                                 &asked.api_version, &asked.resource, &asked.subresource})
          row.push_back(*text);
      }
      table.add(std::move(row));
    }
  }
  return table.text();
}

}  // namespace

std::string flow_control_dump(std::string_view page, const std::vector<FlowLevelView>& levels, bool with_details) {
  if (page == "dump_priority_levels") return levels_page(levels);
  if (page == "dump_queues") return queues_page(levels);
  if (page == "dump_requests") return requests_page(levels, with_details);
  return "";
}

}  // namespace apiserver
