#include "scheduler/core/affinity.h"

#include <algorithm>

#include "scheduler/core/pod_info.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;

template <class Given>
schema::LabelSelector selector_of(const Given& given) {
  if (!given) return schema::LabelSelector::nothing();
  return schema::LabelSelector::from(*given).value_or(schema::LabelSelector::nothing());
}

AffinityTerm term_of(const core::PodAffinityTerm& given, const std::string& own_namespace, int64_t weight) {
  AffinityTerm term;
  term.pods = selector_of(given.label_selector);
  term.namespaces = given.namespaces;
  if (given.namespace_selector) term.namespaces_by_label = selector_of(given.namespace_selector);
  if (given.namespaces.empty() && !given.namespace_selector) term.namespaces.push_back(own_namespace);
  term.topology_key = given.topology_key;
  term.weight = weight;
  return term;
}

template <class Rules>
void take(const Rules& rules, const std::string& own_namespace, std::vector<AffinityTerm>& required,
          std::vector<AffinityTerm>& preferred) {
  for (const auto& term : rules.required_during_scheduling_ignored_during_execution) {
    required.push_back(term_of(term, own_namespace, 1));
  }
  for (const auto& weighted : rules.preferred_during_scheduling_ignored_during_execution) {
    preferred.push_back(term_of(weighted.pod_affinity_term, own_namespace, weighted.weight));
  }
}

}  // namespace

bool AffinityTerm::matches(const PodInfo& pod, const NamespaceLabels& labels) const {
  bool in_reach = std::find(namespaces.begin(), namespaces.end(), pod.key.namespace_) != namespaces.end();
  if (!in_reach && namespaces_by_label) {
    auto known = labels.find(pod.key.namespace_);
    in_reach =
        namespaces_by_label->is_everything() || (known != labels.end() && namespaces_by_label->matches(known->second));
  }
  return in_reach && pods.matches(pod.labels);
}

std::shared_ptr<const Affinity> Affinity::of(const core::Pod& pod) {
  const auto& given = pod.spec.affinity;
  if (!given || !(given->pod_affinity || given->pod_anti_affinity)) return nullptr;
  auto affinity = std::make_shared<Affinity>();
  const auto& own = pod.metadata.namespace_;
  if (given->pod_affinity) take(*given->pod_affinity, own, affinity->required, affinity->preferred);
  if (given->pod_anti_affinity) take(*given->pod_anti_affinity, own, affinity->required_anti, affinity->preferred_anti);
  return affinity;
}

}  // namespace scheduler
