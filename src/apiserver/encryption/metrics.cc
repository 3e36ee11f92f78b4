#include "apiserver/encryption/metrics.h"

#include "apiserver/encryption/cipher.h"
#include "base/strings.h"

namespace apiserver::encryption {

using base::Stability;

EncryptionMetrics::EncryptionMetrics(base::Metrics& metrics)
    : transformations_(metrics.counters({"apiserver_storage_transformation_operations_total",
                                         "Total number of transformations.",
                                         Stability::Alpha,
                                         {"transformation_type", "transformer_prefix", "status"}})),
      key_ids_(metrics.counters({"apiserver_envelope_encryption_key_id_hash_total",
                                 "Number of times a keyID is used split by transformation type and provider.",
                                 Stability::Alpha,
                                 {"transformation_type", "provider_name", "key_id_hash"}})),
      calls_(metrics.histograms({"apiserver_envelope_encryption_kms_operations_latency_seconds",
                                 "KMS operation duration with gRPC error code status total.",
                                 Stability::Alpha,
                                 {"provider_name", "method_name", "grpc_status_code"}},
                                base::exponential_bounds(1e-4, 2, 14))),
      invalid_key_ids_(
          metrics.counters({"apiserver_envelope_encryption_invalid_key_id_from_status_total",
                            "Number of times an invalid keyID is returned by the Status RPC call split by error.",
                            Stability::Alpha,
                            {"provider_name", "error"}})),
      reloads_(metrics.counters({"apiserver_encryption_config_controller_automatic_reloads_total",
                                 "Total number of reload successes and failures of encryption configuration.",
                                 Stability::Alpha,
                                 {"status"}})),
      last_reload_(
          metrics.gauges({"apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds",
                          "Timestamp of the last successful or failed automatic reload of encryption configuration.",
                          Stability::Alpha,
                          {"status"}})) {}

void EncryptionMetrics::count_transformation(std::string_view type, std::string_view prefix, bool succeeded) const {
  transformations_.with({type, prefix, succeeded ? "OK" : "Internal"}).add();
}

void EncryptionMetrics::count_key_id(std::string_view type, std::string_view provider, std::string_view key_id) const {
  key_ids_.with({type, provider, base::cat({"sha256:", base::hex_encode(sha256(key_id))})}).add();
}

void EncryptionMetrics::count_call(std::string_view provider, std::string_view method, std::string_view status,
                                   double seconds) const {
  calls_.with({provider, method, status}).observe(seconds);
}

void EncryptionMetrics::count_invalid_key_id(std::string_view provider, std::string_view error) const {
  invalid_key_ids_.with({provider, error}).add();
}

void EncryptionMetrics::count_reload(bool succeeded, double now_seconds) const {
  std::string_view status = succeeded ? "success" : "failure";
  reloads_.with({status}).add();
  last_reload_.with({status}).set(now_seconds);
}

}  // namespace apiserver::encryption
