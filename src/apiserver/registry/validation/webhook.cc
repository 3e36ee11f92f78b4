#include "apiserver/registry/validation/webhook.h"

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/admission_parts.h"
#include "apiserver/registry/validation/common_names.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace admission = api::admissionregistration_k8s_io_v1;

struct Strictness {
  bool no_side_effects = true;
  bool known_review_version = true;
  bool unique_names = true;
  bool match_conditions = true;
  SelectorValues selectors = SelectorValues::Checked;
};

bool has_no_side_effects(const std::optional<std::string>& side_effects) {
  return side_effects && is_one_of(*side_effects, {"None", "NoneOnDryRun"});
}

bool has_invalid_selector(const auto& hook) {
  Report report;
  Place nowhere("");
  if (hook.namespace_selector) check_label_selector(report, *hook.namespace_selector, nowhere);
  if (hook.object_selector) check_label_selector(report, *hook.object_selector, nowhere);
  return !report.empty();
}

// Whether the conditions of all webhooks are what they were.
template <class Configuration>
bool same_conditions(const Configuration& next, const Configuration& current) {
  return std::ranges::equal(next.webhooks, current.webhooks,
                            [](const auto& a, const auto& b) { return a.match_conditions == b.match_conditions; });
}

// No stricter than what was there before.
template <class Configuration>
Strictness strictness_of(const Configuration& next, const Configuration* current) {
  Strictness out;
  if (current == nullptr) return out;
  out.match_conditions = !same_conditions(next, *current);
  std::set<std::string_view> names;
  for (const auto& hook : current->webhooks) {
    if (!has_no_side_effects(hook.side_effects)) out.no_side_effects = false;
    bool known = false;
    for (const auto& version : hook.admission_review_versions) known |= is_one_of(version, {"v1", "v1beta1"});
    if (!known && !hook.admission_review_versions.empty()) out.known_review_version = false;
    if (!names.insert(hook.name).second) out.unique_names = false;
    if (has_invalid_selector(hook)) out.selectors = SelectorValues::Unchecked;
  }
  return out;
}

void check_side_effects(Report& report, const std::optional<std::string>& side_effects, bool none, const Place& at) {
  if (none) {
    static constexpr Supported kNone = {"None", "NoneOnDryRun"};
    if (!side_effects) {
      report.required(at, "must specify one of None, NoneOnDryRun");
    } else {
      report.one_of(at, *side_effects, kNone);
    }
    return;
  }
  static constexpr Supported kAny = {"None", "NoneOnDryRun", "Some", "Unknown"};
  if (!side_effects) {
    report.required(at, "must specify one of None, NoneOnDryRun, Some, Unknown");
  } else {
    report.one_of(at, *side_effects, kAny);
  }
}

void check_client(Report& report, const admission::WebhookClientConfig& client, const Place& at) {
  if (client.url.has_value() == client.service.has_value()) {
    report.required(at, "exactly one of url or service is required");
  } else if (client.url) {
    check_webhook_url(report, *client.url, Place(at, "url"));
  } else {
    const auto& service = *client.service;
    check_webhook_service(report, service.name, service.namespace_, service.path, service.port.value_or(443),
                          Place(at, "service"));
  }
}

template <class Hook>
void check_hook(Report& report, const Hook& hook, const Strictness& strictness, const Place& at) {
  constexpr int32_t kTimeoutMax = 30;
  check_fully_qualified(report, hook.name, Place(at, "name"));
  Place rules(at, "rules");
  for (size_t i = 0; i < hook.rules.size(); ++i) check_match_rule(report, hook.rules[i], Place(rules, i));
  if (hook.failure_policy) report.one_of(Place(at, "failurePolicy"), *hook.failure_policy, kFailurePolicies);
  if (hook.match_policy) report.one_of(Place(at, "matchPolicy"), *hook.match_policy, kMatchPolicies);
  check_side_effects(report, hook.side_effects, strictness.no_side_effects, Place(at, "sideEffects"));
  if (hook.timeout_seconds && (*hook.timeout_seconds < 1 || *hook.timeout_seconds > kTimeoutMax)) {
    report.invalid(Place(at, "timeoutSeconds"), *hook.timeout_seconds,
                   "the timeout value must be between 1 and 30 seconds");
  }
  if (hook.namespace_selector) {
    check_label_selector(report, *hook.namespace_selector, Place(at, "namespaceSelector"), strictness.selectors);
  }
  if (hook.object_selector) {
    check_label_selector(report, *hook.object_selector, Place(at, "objectSelector"), strictness.selectors);
  }
  if constexpr (requires { hook.reinvocation_policy; }) {
    if (hook.reinvocation_policy)
      report.one_of(Place(at, "reinvocationPolicy"), *hook.reinvocation_policy, kReinvocationPolicies);
  }
  check_client(report, hook.client_config, Place(at, "clientConfig"));
  if (strictness.match_conditions) {
    static const auto* const scope = new ExpressionScope();
    check_match_conditions(report, hook.match_conditions, *scope, Place(at, "matchConditions"));
  }
}

template <class Configuration>
schema::FieldErrors validate(const Configuration& next, const Configuration* current) {
  Report report;
  Strictness strictness = strictness_of(next, current);
  Place at("webhooks");
  std::set<std::string_view> names;
  for (size_t i = 0; i < next.webhooks.size(); ++i) {
    const auto& hook = next.webhooks[i];
    Place here(at, i);
    check_hook(report, hook, strictness, here);
    check_review_versions(report, hook.admission_review_versions, strictness.known_review_version,
                          Place(here, "admissionReviewVersions"));
    if (strictness.unique_names && !hook.name.empty() && !names.insert(hook.name).second) {
      report.duplicate(Place(here, "name"), hook.name);
    }
  }
  return report.take();
}

}  // namespace

schema::FieldErrors validate_webhooks(const admission::ValidatingWebhookConfiguration& next,
                                      const admission::ValidatingWebhookConfiguration* current) {
  return validate(next, current);
}

schema::FieldErrors validate_webhooks(const admission::MutatingWebhookConfiguration& next,
                                      const admission::MutatingWebhookConfiguration* current) {
  return validate(next, current);
}

}  // namespace apiserver
