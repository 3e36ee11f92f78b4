// Which writes a webhook or a policy is about: rules over operation and resource, selectors over labels.
// Kubernetes documentation, "Matching requests: rules", "matchPolicy", "namespaceSelector", "objectSelector".
#pragma once

#include <string_view>
#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/admission/plugin.h"
#include "schema/selector.h"

namespace apiserver {

// Whether the rule covers the operation on `served` (a version of the resource that is written) as it is.
bool rule_matches(const api::admissionregistration_k8s_io_v1::RuleWithOperations& rule, const Attempt& attempt,
                  const Served& served);

// The version of the resource that one of the rules speaks of; null when none does. The version of the request is
// preferred; another one counts unless `exact`.
template <class Rule>
ServedRef match_rules(const std::vector<Rule>& rules, bool exact, const Attempt& attempt);

// Configurations of admission itself are beyond the reach of webhooks and policies: a mistake in one must be mendable.
bool is_exempt(const Attempt& attempt);

// Selectors in a form that is quick to ask. Both absent: everything.
struct Selectors {
  schema::LabelSelector namespaces;
  schema::LabelSelector objects;
  static base::Result<Selectors> from(const schema::Box<api::meta_v1::LabelSelector>& namespaces,
                                      const schema::Box<api::meta_v1::LabelSelector>& objects);
  // Of cluster-wide resources the namespace does not matter. NotFound when the namespace of the write is gone.
  io::Task<base::Result<bool>> match(const Attempt& attempt) const;
};

// The other versions in which the resource that is written is served, the written one first.
std::vector<ServedRef> versions_of(const Attempt& attempt);

template <class Rule>
ServedRef match_rules(const std::vector<Rule>& rules, bool exact, const Attempt& attempt) {
  for (const auto& rule : rules) {
    if (rule_matches(rule, attempt, attempt.served)) return attempt.served.shared_from_this();
  }
  if (exact) return nullptr;
  for (auto& other : versions_of(attempt)) {
    for (const auto& rule : rules) {
      if (rule_matches(rule, attempt, *other)) return other;
    }
  }
  return nullptr;
}

}  // namespace apiserver
