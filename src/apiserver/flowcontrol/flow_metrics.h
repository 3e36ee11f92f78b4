// What fairness counts, under upstream's names. Safe from any thread.
#pragma once

#include <string_view>

#include "base/metrics.h"

namespace apiserver {

// Of the requests of one flow schema at one level; the references live as long as the metrics.
struct FlowCounts {
  base::Counter& dispatched;
  base::Gauge& waiting;
  base::Gauge& waiting_seats;
  base::Gauge& executing;
  base::Gauge& executing_seats;
  base::Histogram& waited;     // seconds; of those that were seated
  base::Histogram& gave_up;    // seconds; of those that were not
  base::Histogram& executed;   // seconds
  base::Histogram& began;      // seconds; of watches, until they had begun
  base::Histogram& seats;      // estimated
  base::Histogram& queued_by;  // how long the queue was
};

// Seats of a level.
struct LevelSeats {
  int nominal = 0;
  int lower = 0;  // that are not lent
  int upper = 0;  // with all that may be borrowed
};

class FlowMetrics {
 public:
  explicit FlowMetrics(base::Metrics& metrics);
  FlowCounts of(std::string_view schema, std::string_view level);
  // `reason`: "queue-full", "concurrency-limit", "time-out" or "cancelled".
  void count_rejected(std::string_view schema, std::string_view level, std::string_view reason);
  void set_seats(std::string_view level, LevelSeats seats);

 private:
  base::Counters& dispatched_;
  base::Counters& rejected_;
  base::Gauges& waiting_;
  base::Gauges& waiting_seats_;
  base::Gauges& executing_;
  base::Gauges& executing_seats_;
  base::Gauges& nominal_;
  base::Gauges& lower_;
  base::Gauges& upper_;
  base::Gauges& current_;
  base::Histograms& waited_;
  base::Histograms& execution_;
  base::Histograms& queue_length_;
  base::Histograms& seats_;
};

}  // namespace apiserver
