// What is counted of encryption at rest, under upstream's names. Safe from any thread.
#pragma once

#include <string_view>

#include "base/metrics.h"

namespace apiserver::encryption {

class EncryptionMetrics {
 public:
  explicit EncryptionMetrics(base::Metrics& metrics);  // borrowed; outlives this

  // `type`: "to_storage" or "from_storage". Prefixes come from the configuration.
  void count_transformation(std::string_view type, std::string_view prefix, bool succeeded) const;
  void count_key_id(std::string_view type, std::string_view provider, std::string_view key_id) const;
  void count_call(std::string_view provider, std::string_view method, std::string_view status, double seconds) const;
  void count_invalid_key_id(std::string_view provider, std::string_view error) const;
  void count_reload(bool succeeded, double now_seconds) const;

 private:
  base::Counters& transformations_;
  base::Counters& key_ids_;
  base::Histograms& calls_;
  base::Counters& invalid_key_ids_;
  base::Counters& reloads_;
  base::Gauges& last_reload_;
};

}  // namespace apiserver::encryption
