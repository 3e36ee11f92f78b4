#include "apiserver/admission/plugin.h"

namespace apiserver {

io::Task<base::Result<void>> AdmissionPlugin::admit(Attempt&) const {
  co_return {};
}
io::Task<base::Result<void>> AdmissionPlugin::validate(const Attempt&) const {
  co_return {};
}

AdmissionChain::AdmissionChain(std::vector<std::unique_ptr<AdmissionPlugin>> plugins, AdmissionMetrics* metrics)
    : metrics_(metrics) {
  for (auto& plugin : plugins) {
    std::unique_ptr<AdmissionTimes> times;
    if (metrics != nullptr) times = std::make_unique<AdmissionTimes>(metrics->plugins(), std::string(plugin->name()));
    steps_.push_back({std::move(plugin), std::move(times)});
  }
  if (metrics != nullptr) rounds_ = std::make_unique<AdmissionTimes>(metrics->rounds(), "");
}

void AdmissionChain::note(const std::unique_ptr<AdmissionTimes>& times, const Attempt& attempt, AdmissionRound round,
                          const base::Result<void>& verdict, int64_t began_ns) const {
  if (times != nullptr) times->observe(attempt.operation, round, !verdict, now_ns() - began_ns);
}

io::Task<base::Result<void>> AdmissionChain::admit(Attempt& attempt) const {
  int64_t began_ns = now_ns();
  auto verdict = co_await admit_all(attempt);
  note(rounds_, attempt, AdmissionRound::Admit, verdict, began_ns);
  co_return verdict;
}

io::Task<base::Result<void>> AdmissionChain::validate(const Attempt& attempt) const {
  int64_t began_ns = now_ns();
  auto verdict = co_await validate_all(attempt);
  note(rounds_, attempt, AdmissionRound::Validate, verdict, began_ns);
  co_return verdict;
}

io::Task<base::Result<void>> AdmissionChain::admit_all(Attempt& attempt) const {
  for (;;) {
    for (const auto& [plugin, times] : steps_) {
      if (!plugin->handles(attempt)) continue;
      int64_t began_ns = now_ns();
      auto verdict = co_await plugin->admit(attempt);
      note(times, attempt, AdmissionRound::Admit, verdict, began_ns);
      CO_TRY(std::move(verdict));
    }
    if (!attempt.reinvocation.wanted || attempt.reinvocation.second_pass) co_return {};
    attempt.reinvocation.second_pass = true;
  }
}

io::Task<base::Result<void>> AdmissionChain::validate_all(const Attempt& attempt) const {
  for (const auto& [plugin, times] : steps_) {
    if (!plugin->handles(attempt)) continue;
    int64_t began_ns = now_ns();
    auto verdict = co_await plugin->validate(attempt);
    note(times, attempt, AdmissionRound::Validate, verdict, began_ns);
    CO_TRY(std::move(verdict));
  }
  co_return {};
}

}  // namespace apiserver
