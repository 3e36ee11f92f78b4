#include "apiserver/admission/admission_metrics.h"

#include <vector>

namespace apiserver {
namespace {

using base::Stability;

const std::vector<double> kSecondsBounds = {0.005, 0.025, 0.1, 0.5, 1, 2.5};

std::string_view round_name(AdmissionRound round) {
  return round == AdmissionRound::Admit ? "admit" : "validate";
}

std::string_view yes_or_no(bool value) {
  return value ? "true" : "false";
}

double in_seconds(int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

}  // namespace

void AdmissionTimes::observe(Operation operation, AdmissionRound round, bool rejected, int64_t ns) {
  size_t place = static_cast<size_t>(operation) * 4 + static_cast<size_t>(round) * 2 + (rejected ? 1 : 0);
  base::Histogram* member = members_[place].load(std::memory_order_relaxed);
  if (member == nullptr) {
    std::string_view what = operation_name(operation), verdict = yes_or_no(rejected), type = round_name(round);
    member = name_.empty() ? &family_.with({what, verdict, type}) : &family_.with({name_, what, verdict, type});
    members_[place].store(member, std::memory_order_relaxed);
  }
  member->observe(in_seconds(ns));
}

AdmissionMetrics::AdmissionMetrics(base::Metrics& metrics, base::Clock& clock)
    : clock_(clock),
      plugins_(metrics.histograms({"apiserver_admission_controller_admission_duration_seconds",
                                   "How long single admission plug-ins took, in seconds.",
                                   Stability::Stable,
                                   {"name", "operation", "rejected", "type"}},
                                  kSecondsBounds)),
      rounds_(metrics.histograms({"apiserver_admission_step_admission_duration_seconds",
                                  "How long all plug-ins together took, in seconds.",
                                  Stability::Stable,
                                  {"operation", "rejected", "type"}},
                                 kSecondsBounds)),
      webhooks_(metrics.histograms({"apiserver_admission_webhook_admission_duration_seconds",
                                    "How long single admission webhooks took, in seconds.",
                                    Stability::Stable,
                                    {"name", "operation", "rejected", "type"}},
                                   {0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25})) {}

void AdmissionMetrics::count_webhook(std::string_view name, Operation operation, AdmissionRound round, bool rejected,
                                     int64_t ns) {
  webhooks_.with({name, operation_name(operation), yes_or_no(rejected), round_name(round)}).observe(in_seconds(ns));
}

}  // namespace apiserver
