// MutatingAdmissionWebhook: asks one hook after another, each about what the ones before it made of the object.

#include <set>

#include "apiserver/admission/compiled.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/presented.h"
#include "apiserver/admission/webhook/hook.h"
#include "base/strings.h"
#include "schema/defaults.h"
#include "schema/json.h"
#include "schema/patch.h"

namespace apiserver {
namespace {

namespace registration = api::admissionregistration_k8s_io_v1;

struct Hooks {
  explicit Hooks(const registration::MutatingWebhookConfiguration& configuration) {
    for (const auto& webhook : configuration.webhooks) hooks.push_back(make_hook(configuration.metadata.name, webhook));
  }
  std::vector<Hook> hooks;
};

base::Result<schema::Object> patched(const schema::Object& object, const std::string& patch) {
  auto complain = [](const base::Error& error) { return base::fail(internal_error(error.message())); };
  auto operations = schema::JsonPatch::parse(patch);
  if (!operations) return complain(operations.error());
  auto tree = schema::Value::parse(schema::to_json(object));
  if (!tree) return complain(tree.error());
  auto changed = operations->apply(std::move(*tree));
  if (!changed) return complain(changed.error());
  auto next = schema::decode_json(object.type(), changed->to_json());
  if (!next) return complain(next.error());
  schema::apply_defaults(*next);
  return std::move(*next);
}

class MutatingAdmissionWebhook final : public AdmissionPlugin {
 public:
  MutatingAdmissionWebhook(const Authorizer& authorizer, base::Random& random, AdmissionMetrics* metrics)
      : authorizer_(authorizer), asking_{random, metrics, AdmissionRound::Admit} {}
  std::string_view name() const override { return "MutatingAdmissionWebhook"; }
  bool handles(const Attempt& attempt) const override { return !is_exempt(attempt); }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    CO_TRY(auto configurations, co_await compiled_.all(attempt.reader));
    if (configurations.empty()) co_return {};
    Reinvocation& passes = attempt.reinvocation;
    if (passes.second_pass && attempt.object != nullptr && passes.last_seen && !(*attempt.object == passes.last_seen)) {
      passes.due.insert(passes.reinvocable.begin(), passes.reinvocable.end());
    }
    for (const auto& configuration : configurations) {
      for (const Hook& hook : configuration->hooks) {
        std::string id = base::cat({configuration->hooks[0].configuration, "/", hook.name});
        if (passes.second_pass && !passes.due.contains(id)) continue;
        CO_TRY(ServedRef version, co_await concerns(hook, attempt, authorizer_));
        if (version == nullptr) continue;
        CO_TRY(bool changed, co_await call(hook, *version, attempt));
        if (changed) {
          // Those before it have not seen this.
          passes.due.insert(passes.reinvocable.begin(), passes.reinvocable.end());
          passes.wanted = true;
        }
        if (hook.reinvoked) passes.reinvocable.insert(id);
      }
    }
    if (attempt.object != nullptr) passes.last_seen = *attempt.object;
    co_return {};
  }

 private:
  io::Task<base::Result<bool>> call(const Hook& hook, const Served& version, Attempt& attempt) const {
    CO_TRY(auto response, co_await ask(hook, version, attempt, asking_));
    if (!response || response->patch.empty()) co_return false;
    if (attempt.object == nullptr) {
      co_return base::fail(
          internal_error(base::cat({"admission webhook ", base::quote(hook.name),
                                    " attempted to modify the object, which is not supported for this operation"})));
    }
    CO_TRY(auto seen, present(attempt, version));
    CO_TRY(auto next, patched(seen.object, response->patch));
    if (next == seen.object) co_return false;
    CO_TRY(take_back(attempt, version, std::move(next)));
    co_return true;
  }

  const Authorizer& authorizer_;
  const Asking asking_;
  const Compiled<registration::MutatingWebhookConfiguration, Hooks> compiled_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_mutating_webhooks(const Authorizer& authorizer, base::Random& random,
                                                        AdmissionMetrics* metrics) {
  return std::make_unique<MutatingAdmissionWebhook>(authorizer, random, metrics);
}

}  // namespace apiserver
