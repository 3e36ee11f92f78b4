// All that the API server shows at /metrics: what it counted, and what it knows of itself when asked: stored objects,
// requests in flight, what it is. Safe from any loop; its sources are borrowed and outlive it.
#pragma once

#include <atomic>
#include <string>

#include "apiserver/metrics/health_metrics.h"
#include "apiserver/metrics/request_metrics.h"
#include "apiserver/registry/served.h"
#include "base/metrics.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

class ServerMetrics {
 public:
  struct Sources {
    store::Store& store;
    const Catalog& catalog;
    const std::atomic<int>& reads;  // requests in flight
    const std::atomic<int>& writes;
    base::Metrics& metrics;
    int64_t started_ns = 0;  // wall clock
  };
  explicit ServerMetrics(const Sources& sources);

  base::Metrics& metrics() { return sources_.metrics; }
  RequestMetrics& requests() { return requests_; }
  HealthMetrics& health() { return health_; }
  int64_t started_ns() const { return sources_.started_ns; }
  // As Prometheus reads it.
  io::Task<std::string> text();

 private:
  const Sources sources_;
  RequestMetrics requests_;
  HealthMetrics health_;
  base::Gauges& objects_;
};

}  // namespace apiserver
