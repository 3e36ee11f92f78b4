#include "apiserver/flowcontrol/flow_metrics.h"

namespace apiserver {

using base::Stability;

namespace {
const std::vector<double> kSeconds = {0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30};
}  // namespace

FlowMetrics::FlowMetrics(base::Metrics& metrics)
    : dispatched_(metrics.counters({"apiserver_flowcontrol_dispatched_requests_total",
                                    "Requests that fairness let through.",
                                    Stability::Beta,
                                    {"flow_schema", "priority_level"}})),
      rejected_(metrics.counters({"apiserver_flowcontrol_rejected_requests_total",
                                  "Requests that fairness sent away.",
                                  Stability::Beta,
                                  {"flow_schema", "priority_level", "reason"}})),
      waiting_(metrics.gauges({"apiserver_flowcontrol_current_inqueue_requests",
                               "Requests that wait in queues of fairness.",
                               Stability::Beta,
                               {"flow_schema", "priority_level"}})),
      waiting_seats_(metrics.gauges({"apiserver_flowcontrol_current_inqueue_seats",
                                     "Seats that waiting requests ask for.",
                                     Stability::Alpha,
                                     {"flow_schema", "priority_level"}})),
      executing_(metrics.gauges({"apiserver_flowcontrol_current_executing_requests",
                                 "Requests that are being answered, of watches until they have begun.",
                                 Stability::Beta,
                                 {"flow_schema", "priority_level"}})),
      executing_seats_(metrics.gauges({"apiserver_flowcontrol_current_executing_seats",
                                       "Seats taken by requests that are being answered.",
                                       Stability::Beta,
                                       {"flow_schema", "priority_level"}})),
      nominal_(metrics.gauges({"apiserver_flowcontrol_nominal_limit_seats",
                               "Seats of a level when nothing is lent.",
                               Stability::Beta,
                               {"priority_level"}})),
      lower_(metrics.gauges({"apiserver_flowcontrol_lower_limit_seats",
                             "Seats of a level that are never lent.",
                             Stability::Alpha,
                             {"priority_level"}})),
      upper_(metrics.gauges({"apiserver_flowcontrol_upper_limit_seats",
                             "Seats of a level with all that it may borrow.",
                             Stability::Alpha,
                             {"priority_level"}})),
      current_(metrics.gauges({"apiserver_flowcontrol_current_limit_seats",
                               "Seats of a level now, before borrowing.",
                               Stability::Alpha,
                               {"priority_level"}})),
      waited_(metrics.histograms({"apiserver_flowcontrol_request_wait_duration_seconds",
                                  "How long requests waited in queues of fairness.",
                                  Stability::Beta,
                                  {"execute", "flow_schema", "priority_level"}},
                                 kSeconds)),
      execution_(metrics.histograms({"apiserver_flowcontrol_request_execution_seconds",
                                     "How long requests took once they were seated, of watches until they had begun.",
                                     Stability::Alpha,
                                     {"flow_schema", "priority_level", "type"}},
                                    kSeconds)),
      queue_length_(metrics.histograms({"apiserver_flowcontrol_request_queue_length_after_enqueue",
                                        "How long the queue was, with the request that joined it.",
                                        Stability::Alpha,
                                        {"flow_schema", "priority_level"}},
                                       {0, 10, 25, 50, 100, 250, 500, 1000})),
      seats_(metrics.histograms({"apiserver_flowcontrol_work_estimated_seats",
                                 "Seats that requests were estimated to be worth.",
                                 Stability::Alpha,
                                 {"flow_schema", "priority_level"}},
                                {1, 2, 4, 8, 16, 32, 64, 100})) {}

FlowCounts FlowMetrics::of(std::string_view schema, std::string_view level) {
  return {dispatched_.with({schema, level}),         waiting_.with({schema, level}),
          waiting_seats_.with({schema, level}),      executing_.with({schema, level}),
          executing_seats_.with({schema, level}),    waited_.with({"true", schema, level}),
          waited_.with({"false", schema, level}),    execution_.with({schema, level, "regular"}),
          execution_.with({schema, level, "watch"}), seats_.with({schema, level}),
          queue_length_.with({schema, level})};
}

void FlowMetrics::count_rejected(std::string_view schema, std::string_view level, std::string_view reason) {
  rejected_.with({schema, level, reason}).add();
}

void FlowMetrics::set_seats(std::string_view level, LevelSeats seats) {
  nominal_.with({level}).set(seats.nominal);
  lower_.with({level}).set(seats.lower);
  upper_.with({level}).set(seats.upper);
  current_.with({level}).set(seats.nominal);
}

}  // namespace apiserver
