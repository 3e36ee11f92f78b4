// How long admission takes, under upstream's names: a whole round, each plug-in, each webhook. Safe from any thread.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "apiserver/admission/operation.h"
#include "base/clock.h"
#include "base/metrics.h"

namespace apiserver {

enum class AdmissionRound : uint8_t { Admit, Validate };

// The times of one plug-in or, without a name, of whole rounds. Each member is looked up once.
class AdmissionTimes {
 public:
  AdmissionTimes(base::Histograms& family, std::string name) : family_(family), name_(std::move(name)) {}
  void observe(Operation operation, AdmissionRound round, bool rejected, int64_t ns);

 private:
  base::Histograms& family_;
  const std::string name_;
  std::array<std::atomic<base::Histogram*>, 16> members_ = {};
};

class AdmissionMetrics {
 public:
  AdmissionMetrics(base::Metrics& metrics, base::Clock& clock);

  int64_t now_ns() const { return clock_.monotonic_ns(); }
  base::Histograms& plugins() { return plugins_; }
  base::Histograms& rounds() { return rounds_; }
  void count_webhook(std::string_view name, Operation operation, AdmissionRound round, bool rejected, int64_t ns);

 private:
  base::Clock& clock_;
  base::Histograms& plugins_;
  base::Histograms& rounds_;
  base::Histograms& webhooks_;
};

}  // namespace apiserver
