#include "apiserver/authz/authorization_metrics.h"

namespace apiserver {
namespace {

using base::Stability;

const std::vector<double> kSecondsBounds = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
const std::vector<double> kConditionBounds = {0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25};

}  // namespace

AuthorizationMetrics::AuthorizationMetrics(base::Metrics& metrics)
    : decisions(metrics.counters({"apiserver_authorization_decisions_total",
                                  "Requests that an authorizer allowed or denied.",
                                  Stability::Alpha,
                                  {"decision", "name", "type"}})),
      webhook_evaluations(metrics.counters({"apiserver_authorization_webhook_evaluations_total",
                                            "Questions to webhooks.",
                                            Stability::Beta,
                                            {"name", "result"}})),
      webhook_fails_open(metrics.counters({"apiserver_authorization_webhook_evaluations_fail_open_total",
                                           "Questions that went on without the webhook's answer.",
                                           Stability::Beta,
                                           {"name", "result"}})),
      webhook_seconds(metrics.histograms({"apiserver_authorization_webhook_duration_seconds",
                                          "How long webhooks took to answer, in seconds.",
                                          Stability::Beta,
                                          {"name", "result"}},
                                         kSecondsBounds)),
      condition_errors(metrics.counters({"apiserver_authorization_match_condition_evaluation_errors_total",
                                         "Match conditions that could not be judged.",
                                         Stability::Beta,
                                         {"name", "type"}})),
      condition_exclusions(metrics.counters({"apiserver_authorization_match_condition_exclusions_total",
                                             "Requests that a match condition kept from an authorizer.",
                                             Stability::Beta,
                                             {"name", "type"}})),
      condition_seconds(metrics.histograms({"apiserver_authorization_match_condition_evaluation_seconds",
                                            "How long match conditions took, in seconds.",
                                            Stability::Beta,
                                            {"name", "type"}},
                                           kConditionBounds)),
      reloads(metrics.counters({"apiserver_authorization_config_controller_automatic_reloads_total",
                                "Times that the file of authorizers was read again.",
                                Stability::Beta,
                                {"apiserver_id_hash", "status"}})),
      reload_seconds(
          metrics.gauges({"apiserver_authorization_config_controller_automatic_reload_last_timestamp_seconds",
                          "When it was last read again.",
                          Stability::Beta,
                          {"apiserver_id_hash", "status"}})),
      configuration(metrics.gauges({"apiserver_authorization_config_controller_last_config_info",
                                    "Always 1; the label says which configuration is in use.",
                                    Stability::Alpha,
                                    {"apiserver_id_hash", "hash"}})) {}

}  // namespace apiserver
