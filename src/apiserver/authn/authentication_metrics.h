// What is counted about issuers of tokens, under upstream's names. Made once for a Metrics; safe from any thread.
#pragma once

#include "base/metrics.h"

namespace apiserver {

struct AuthenticationMetrics {
  explicit AuthenticationMetrics(base::Metrics& metrics);

  base::Histograms& token_seconds;  // jwt_issuer_hash, result
  base::Gauges& key_fetch_seconds;  // apiserver_id_hash, jwt_issuer_hash, result
  base::Gauges& key_sets;           // apiserver_id_hash, hash, jwt_issuer_hash
  base::Counters& reloads;          // apiserver_id_hash, status
  base::Gauges& reload_seconds;     // apiserver_id_hash, status
  base::Gauges& configuration;      // apiserver_id_hash, hash
};

}  // namespace apiserver
