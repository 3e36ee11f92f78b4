// ValidatingAdmissionWebhook: asks all hooks at once; any of them may refuse.

#include "apiserver/admission/compiled.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/webhook/hook.h"
#include "io/loop.h"

namespace apiserver {
namespace {

namespace registration = api::admissionregistration_k8s_io_v1;

struct Hooks {
  explicit Hooks(const registration::ValidatingWebhookConfiguration& configuration) {
    for (const auto& webhook : configuration.webhooks) hooks.push_back(make_hook(configuration.metadata.name, webhook));
  }
  std::vector<Hook> hooks;
};

// Hooks that are being asked side by side.
struct Round {
  size_t open = 0;
  std::vector<base::Result<void>> verdicts;
  io::Event done;
};

class ValidatingAdmissionWebhook final : public AdmissionPlugin {
 public:
  ValidatingAdmissionWebhook(const Authorizer& authorizer, base::Random& random, AdmissionMetrics* metrics)
      : authorizer_(authorizer), asking_{random, metrics, AdmissionRound::Validate} {}
  std::string_view name() const override { return "ValidatingAdmissionWebhook"; }
  bool handles(const Attempt& attempt) const override { return !is_exempt(attempt); }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    CO_TRY(auto configurations, co_await compiled_.all(attempt.reader));
    if (configurations.empty()) co_return {};
    std::vector<std::pair<const Hook*, ServedRef>> asked;
    for (const auto& configuration : configurations) {
      for (const Hook& hook : configuration->hooks) {
        CO_TRY(ServedRef version, co_await concerns(hook, attempt, authorizer_));
        if (version != nullptr) asked.emplace_back(&hook, version);
      }
    }
    if (asked.empty()) co_return {};
    Round round;
    round.open = asked.size();
    round.verdicts.resize(asked.size());
    io::Scope scope;
    for (size_t i = 0; i < asked.size(); ++i) scope.spawn(judge(*asked[i].first, *asked[i].second, attempt, round, i));
    if (round.open > 0) co_await round.done.wait();
    for (auto& verdict : round.verdicts) CO_TRY(std::move(verdict));
    co_return {};
  }

 private:
  io::Task<void> judge(const Hook& hook, const Served& version, const Attempt& attempt, Round& round,
                       size_t place) const {
    auto response = co_await ask(hook, version, attempt, asking_);
    if (!response) round.verdicts[place] = base::fail(std::move(response).error());
    if (--round.open == 0) round.done.set();
  }

  const Authorizer& authorizer_;
  const Asking asking_;
  const Compiled<registration::ValidatingWebhookConfiguration, Hooks> compiled_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_validating_webhooks(const Authorizer& authorizer, base::Random& random,
                                                          AdmissionMetrics* metrics) {
  return std::make_unique<ValidatingAdmissionWebhook>(authorizer, random, metrics);
}

}  // namespace apiserver
