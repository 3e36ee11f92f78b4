// Webhook configurations, admission policies and their bindings.

#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/admission_policy.h"
#include "apiserver/registry/validation/webhook.h"

namespace apiserver {
namespace {

namespace admission = api::admissionregistration_k8s_io_v1;

constexpr Traits kTraits = {.unconditional_update = false,
                            .generation = GenerationRule::OnSpec,
                            .metadata_rule = MetadataRule::Generic,
                            .update_checks_whole_metadata = true};

constexpr Traits kWebhookTraits = [] {
  Traits traits = kTraits;
  traits.generation = GenerationRule::OnSpecExactly;
  return traits;
}();

template <class T>
schema::FieldErrors webhooks(const T& next, const T* current) {
  return validate_webhooks(next, current);
}

template <class T>
schema::FieldErrors policy(const T& next, const T*) {
  return validate_policy(next);
}

template <class T>
schema::FieldErrors binding(const T& next, const T*) {
  return validate_policy_binding(next);
}

}  // namespace

void add_admission_strategies(StrategyMap& all) {
  all["validatingwebhookconfigurations.admissionregistration.k8s.io"] =
      by_rules<admission::ValidatingWebhookConfiguration>({.traits = kWebhookTraits, .validate = webhooks});
  all["mutatingwebhookconfigurations.admissionregistration.k8s.io"] =
      by_rules<admission::MutatingWebhookConfiguration>({.traits = kWebhookTraits, .validate = webhooks});
  all["validatingadmissionpolicies.admissionregistration.k8s.io"] = by_rules<admission::ValidatingAdmissionPolicy>(
      {.traits = kTraits,
       .validate = policy,
       .validate_status = [](const admission::ValidatingAdmissionPolicy& next,
                             const admission::ValidatingAdmissionPolicy&) { return validate_policy_status(next); }});
  all["mutatingadmissionpolicies.admissionregistration.k8s.io"] =
      by_rules<admission::MutatingAdmissionPolicy>({.traits = kTraits, .validate = policy});
  all["validatingadmissionpolicybindings.admissionregistration.k8s.io"] =
      by_rules<admission::ValidatingAdmissionPolicyBinding>({.traits = kTraits, .validate = binding});
  all["mutatingadmissionpolicybindings.admissionregistration.k8s.io"] =
      by_rules<admission::MutatingAdmissionPolicyBinding>({.traits = kTraits, .validate = binding});
}

}  // namespace apiserver
