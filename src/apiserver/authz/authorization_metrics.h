// What is counted about authorizers, under upstream's names. Made once for a Metrics; safe from any thread.
#pragma once

#include "base/metrics.h"

namespace apiserver {

struct AuthorizationMetrics {
  explicit AuthorizationMetrics(base::Metrics& metrics);

  base::Counters& decisions;             // type, name, decision
  base::Counters& webhook_evaluations;   // name, result
  base::Counters& webhook_fails_open;    // name, result
  base::Histograms& webhook_seconds;     // name, result
  base::Counters& condition_errors;      // type, name
  base::Counters& condition_exclusions;  // type, name
  base::Histograms& condition_seconds;   // type, name
  base::Counters& reloads;               // apiserver_id_hash, status
  base::Gauges& reload_seconds;          // apiserver_id_hash, status
  base::Gauges& configuration;           // apiserver_id_hash, hash
};

}  // namespace apiserver
