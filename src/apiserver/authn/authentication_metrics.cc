#include "apiserver/authn/authentication_metrics.h"

namespace apiserver {

using base::Stability;

AuthenticationMetrics::AuthenticationMetrics(base::Metrics& metrics)
    : token_seconds(metrics.histograms({"apiserver_authentication_jwt_authenticator_latency_seconds",
                                        "How long tokens of configured issuers took to judge, in seconds.",
                                        Stability::Beta,
                                        {"jwt_issuer_hash", "result"}},
                                       {.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10})),
      key_fetch_seconds(metrics.gauges({"apiserver_authentication_jwt_authenticator_jwks_fetch_last_timestamp_seconds",
                                        "When the keys of an issuer were last asked for.",
                                        Stability::Alpha,
                                        {"apiserver_id_hash", "jwt_issuer_hash", "result"}})),
      key_sets(metrics.gauges({"apiserver_authentication_jwt_authenticator_jwks_fetch_last_key_set_info",
                               "Always 1; the label says which keys of an issuer are in use.",
                               Stability::Alpha,
                               {"apiserver_id_hash", "hash", "jwt_issuer_hash"}})),
      reloads(metrics.counters({"apiserver_authentication_config_controller_automatic_reloads_total",
                                "Times that the file of issuers was read again.",
                                Stability::Beta,
                                {"apiserver_id_hash", "status"}})),
      reload_seconds(
          metrics.gauges({"apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds",
                          "When it was last read again.",
                          Stability::Beta,
                          {"apiserver_id_hash", "status"}})),
      configuration(metrics.gauges({"apiserver_authentication_config_controller_last_config_info",
                                    "Always 1; the label says which configuration is in use.",
                                    Stability::Alpha,
                                    {"apiserver_id_hash", "hash"}})) {}

}  // namespace apiserver
