// One admission webhook: whom to ask about which writes, and the conversation with it.
// Kubernetes documentation, "Dynamic Admission Control".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/admission_k8s_io_v1.h"
#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/admission/conditions.h"
#include "apiserver/admission/matching.h"
#include "apiserver/admission/plugin.h"
#include "base/random.h"

namespace apiserver {

struct Hook {
  std::string configuration;  // the object it stands in
  std::string name;
  api::admissionregistration_k8s_io_v1::WebhookClientConfig client;
  std::vector<api::admissionregistration_k8s_io_v1::RuleWithOperations> rules;
  bool exact = false;
  bool fails_open = false;
  bool has_side_effects = false;
  bool reinvoked = false;
  int timeout_seconds = 10;
  std::string review_version;  // "v1"; "" when it speaks none that we do
  Selectors selectors;
  std::string broken;  // what is wrong with the selectors; then every call fails
  Conditions conditions;
};

template <class Webhook>
Hook make_hook(const std::string& configuration, const Webhook& webhook);

// The version of the resource in which the hook wants to see the write; null when the write is none of its business.
io::Task<base::Result<ServedRef>> concerns(const Hook& hook, const Attempt& attempt, const Authorizer& authorizer);

// What those who ask hooks need to do so.
struct Asking {
  base::Random& random;
  AdmissionMetrics* metrics;  // null: nobody wants to know how long it takes
  AdmissionRound round;
};

// Asks the hook. Its answer when it allows the write, warnings and audit annotations handed on; an error in upstream's
// words when it refuses, and when it cannot be asked and does not fail open. Nothing: it could not be asked, and that
// does not matter.
io::Task<base::Result<std::optional<api::admission_k8s_io_v1::AdmissionResponse>>> ask(const Hook& hook,
                                                                                       const Served& version,
                                                                                       const Attempt& attempt,
                                                                                       const Asking& asking);

template <class Webhook>
Hook make_hook(const std::string& configuration, const Webhook& webhook) {
  Hook hook;
  hook.configuration = configuration;
  hook.name = webhook.name;
  hook.client = webhook.client_config;
  hook.rules = webhook.rules;
  hook.exact = webhook.match_policy && *webhook.match_policy == "Exact";
  hook.fails_open = webhook.failure_policy && *webhook.failure_policy == "Ignore";
  hook.has_side_effects =
      !webhook.side_effects || (*webhook.side_effects != "None" && *webhook.side_effects != "NoneOnDryRun");
  if constexpr (requires { webhook.reinvocation_policy; }) {
    hook.reinvoked = webhook.reinvocation_policy && *webhook.reinvocation_policy == "IfNeeded";
  }
  hook.timeout_seconds = webhook.timeout_seconds.value_or(10);
  for (const auto& version : webhook.admission_review_versions) {
    if (version != "v1" && version != "v1beta1") continue;
    hook.review_version = version;
    break;
  }
  if (auto selectors = Selectors::from(webhook.namespace_selector, webhook.object_selector)) {
    hook.selectors = std::move(*selectors);
  } else {
    hook.broken = selectors.error().message();
  }
  hook.conditions = Conditions(webhook.match_conditions);
  return hook;
}

}  // namespace apiserver
