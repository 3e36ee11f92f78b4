// Where pods want to run: affinities and spreading.

#include <algorithm>

#include "apiserver/registry/validation/pod_scope.h"
#include "base/contains.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace meta = api::meta_v1;

void check_node_requirement(Report& report, const core::NodeSelectorRequirement& requirement, SelectorValues values,
                            const Place& at) {
  const auto& op = requirement.operator_;
  if (op == "In" || op == "NotIn") {
    if (requirement.values.empty())
      report.required(Place(at, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!requirement.values.empty()) {
      report.forbidden(Place(at, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (requirement.values.size() != 1) {
      report.required(Place(at, "values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    report.invalid(Place(at, "operator"), op, "not a valid selector operator");
  }
  report.problems(Place(at, "key"), requirement.key, schema::check_qualified_name(requirement.key));
  if (values == SelectorValues::Unchecked) return;
  Place list(at, "values");
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    report.problems(Place(list, i), requirement.values[i], schema::check_label_value(requirement.values[i]));
  }
}

void check_node_field(Report& report, const core::NodeSelectorRequirement& requirement, const Place& at) {
  if (requirement.operator_ == "In" || requirement.operator_ == "NotIn") {
    if (requirement.values.size() != 1) {
      report.required(Place(at, "values"),
                      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    }
  } else {
    report.invalid(Place(at, "operator"), requirement.operator_, "not a valid selector operator");
  }
  if (requirement.key != "metadata.name") {
    report.invalid(Place(at, "key"), requirement.key, "not a valid field selector key");
    return;
  }
  Place list(at, "values");
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    report.problems(Place(list, i), requirement.values[i], schema::check_dns1123_subdomain(requirement.values[i]));
  }
}

void check_node_term(Report& report, const core::NodeSelectorTerm& term, SelectorValues values, const Place& at) {
  Place expressions(at, "matchExpressions");
  for (size_t i = 0; i < term.match_expressions.size(); ++i) {
    check_node_requirement(report, term.match_expressions[i], values, Place(expressions, i));
  }
  Place fields(at, "matchFields");
  for (size_t i = 0; i < term.match_fields.size(); ++i)
    check_node_field(report, term.match_fields[i], Place(fields, i));
}

void check_weight(Report& report, int32_t weight, const Place& at) {
  if (weight <= 0 || weight > 100) report.invalid(at, weight, "must be in the range 1-100");
}

void check_label_keys(Report& report, const std::vector<std::string>& keys, bool has_selector, const Place& at) {
  if (keys.empty()) return;
  if (!has_selector) {
    report.forbidden(at, "must not be specified when labelSelector is not set");
    return;
  }
  for (size_t i = 0; i < keys.size(); ++i)
    report.problems(Place(at, i), keys[i], schema::check_qualified_name(keys[i]));
}

// What is merged into the selector from matchLabelKeys, and so stands there once, must not have stood there already.
void check_merged_keys(Report& report, const meta::LabelSelector& selector, const std::vector<std::string>& keys,
                       const Place& at) {
  Names seen;
  for (const auto& [key, value] : selector.match_labels) seen.insert(key);
  for (const auto& expression : selector.match_expressions) {
    auto found = std::ranges::find(keys, expression.key);
    if (found != keys.end() && seen.contains(expression.key)) {
      report.invalid(Place(at, static_cast<size_t>(found - keys.begin())), expression.key,
                     "exists in both matchLabelKeys and labelSelector");
    }
    seen.insert(expression.key);
  }
}

void check_match_label_keys(Report& report, const schema::Box<meta::LabelSelector>& selector,
                            const std::vector<std::string>& keys, const std::vector<std::string>& mismatch,
                            const Place& at) {
  Place match(at, "matchLabelKeys");
  check_label_keys(report, keys, selector.has_value(), match);
  check_label_keys(report, mismatch, selector.has_value(), Place(at, "mismatchLabelKeys"));
  if (selector) check_merged_keys(report, *selector, keys, at);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!base::contains(mismatch, keys[i])) continue;
    report.invalid(Place(match, i), keys[i], "exists in both matchLabelKeys and mismatchLabelKeys");
  }
}

void check_pod_term(Report& report, const core::PodAffinityTerm& term, SelectorValues values, const Place& at) {
  if (term.label_selector) check_label_selector(report, *term.label_selector, Place(at, "labelSelector"), values);
  if (term.namespace_selector)
    check_label_selector(report, *term.namespace_selector, Place(at, "namespaceSelector"), values);
  for (const auto& name : term.namespaces)
    report.problems(Place(at, "namespace"), name, schema::check_dns1123_label(name));
  check_match_label_keys(report, term.label_selector, term.match_label_keys, term.mismatch_label_keys, at);
  Place key(at, "topologyKey");
  if (term.topology_key.empty()) report.required(key, "can not be empty");
  report.problems(key, term.topology_key, schema::check_qualified_name(term.topology_key));
}

// Affinity and anti-affinity are alike.
template <class Affinity>
void check_pod_affinity(Report& report, const Affinity& affinity, SelectorValues values, const Place& at) {
  Place required(at, "requiredDuringSchedulingIgnoredDuringExecution");
  const auto& terms = affinity.required_during_scheduling_ignored_during_execution;
  for (size_t i = 0; i < terms.size(); ++i) check_pod_term(report, terms[i], values, Place(required, i));
  Place preferred(at, "preferredDuringSchedulingIgnoredDuringExecution");
  const auto& weighted = affinity.preferred_during_scheduling_ignored_during_execution;
  for (size_t i = 0; i < weighted.size(); ++i) {
    Place here(preferred, i);
    check_weight(report, weighted[i].weight, Place(here, "weight"));
    check_pod_term(report, weighted[i].pod_affinity_term, values, Place(here, "podAffinityTerm"));
  }
}

// The older rule, for pods from before keys were merged: a key stands in one place only.
void check_apart_keys(Report& report, const core::TopologySpreadConstraint& constraint, const Place& at) {
  if (constraint.match_label_keys.empty()) return;
  Names selected;
  if (!constraint.label_selector) {
    report.forbidden(at, "must not be specified when labelSelector is not set");
  } else {
    for (const auto& [key, value] : constraint.label_selector->match_labels) selected.insert(key);
    for (const auto& expression : constraint.label_selector->match_expressions) selected.insert(expression.key);
  }
  for (size_t i = 0; i < constraint.match_label_keys.size(); ++i) {
    const auto& key = constraint.match_label_keys[i];
    report.problems(Place(at, i), key, schema::check_qualified_name(key));
    if (selected.contains(key)) report.invalid(Place(at, i), key, "exists in both matchLabelKeys and labelSelector");
  }
}

void check_spread_keys(Report& report, const core::TopologySpreadConstraint& constraint, const Place& at) {
  check_match_label_keys(report, constraint.label_selector, constraint.match_label_keys, {}, at);
}

}  // namespace

void check_node_selector(Report& report, const core::NodeSelector& selector, SelectorValues values, const Place& at) {
  Place terms(at, "nodeSelectorTerms");
  if (selector.node_selector_terms.empty()) report.required(terms, "must have at least one node selector term");
  for (size_t i = 0; i < selector.node_selector_terms.size(); ++i) {
    check_node_term(report, selector.node_selector_terms[i], values, Place(terms, i));
  }
}

void check_affinity(Report& report, const PodRules& rules, const core::Affinity& affinity, const Place& at) {
  if (affinity.node_affinity) {
    Place node(at, "nodeAffinity");
    const auto& own = *affinity.node_affinity;
    if (own.required_during_scheduling_ignored_during_execution) {
      check_node_selector(report, *own.required_during_scheduling_ignored_during_execution, rules.node_affinity_values,
                          Place(node, "requiredDuringSchedulingIgnoredDuringExecution"));
    }
    Place preferred(node, "preferredDuringSchedulingIgnoredDuringExecution");
    const auto& terms = own.preferred_during_scheduling_ignored_during_execution;
    for (size_t i = 0; i < terms.size(); ++i) {
      Place here(preferred, i);
      check_weight(report, terms[i].weight, Place(here, "weight"));
      // A preference that nothing can meet does no harm.
      check_node_term(report, terms[i].preference, SelectorValues::Unchecked, Place(here, "preference"));
    }
  }
  if (affinity.pod_affinity)
    check_pod_affinity(report, *affinity.pod_affinity, rules.selector_values, Place(at, "podAffinity"));
  if (affinity.pod_anti_affinity) {
    check_pod_affinity(report, *affinity.pod_anti_affinity, rules.selector_values, Place(at, "podAntiAffinity"));
  }
}

bool has_merged_spread_keys(const core::PodSpec& spec) {
  Report report;
  for (const auto& constraint : spec.topology_spread_constraints) check_spread_keys(report, constraint, Place(""));
  return report.empty();
}

void check_topology_spread(Report& report, const PodRules& rules,
                           const std::vector<core::TopologySpreadConstraint>& constraints, const Place& at) {
  for (size_t i = 0; i < constraints.size(); ++i) {
    const auto& constraint = constraints[i];
    Place here(at, i);
    if (constraint.max_skew <= 0) report.invalid(Place(here, "maxSkew"), constraint.max_skew, kPositive);
    if (constraint.topology_key.empty()) report.required(Place(here, "topologyKey"), "can not be empty");
    report.one_of(Place(here, "whenUnsatisfiable"), constraint.when_unsatisfiable, {"DoNotSchedule", "ScheduleAnyway"});
    for (size_t j = i + 1; j < constraints.size(); ++j) {
      const auto& other = constraints[j];
      if (other.topology_key != constraint.topology_key || other.when_unsatisfiable != constraint.when_unsatisfiable)
        continue;
      report.duplicate(Place(here, "{topologyKey, whenUnsatisfiable}"),
                       base::cat({"{", constraint.topology_key, ", ", constraint.when_unsatisfiable, "}"}));
      break;
    }
    if (constraint.min_domains) {
      Place domains(here, "minDomains");
      if (*constraint.min_domains <= 0) report.invalid(domains, *constraint.min_domains, kPositive);
      if (constraint.when_unsatisfiable != "DoNotSchedule") {
        report.invalid(domains, *constraint.min_domains,
                       base::cat({"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ",
                                  constraint.when_unsatisfiable}));
      }
    }
    if (constraint.node_affinity_policy) {
      report.one_of(Place(here, "nodeAffinityPolicy"), *constraint.node_affinity_policy, {"Honor", "Ignore"});
    }
    if (constraint.node_taints_policy) {
      report.one_of(Place(here, "nodeTaintsPolicy"), *constraint.node_taints_policy, {"Honor", "Ignore"});
    }
    if (rules.spread_keys_in_selectors) {
      check_spread_keys(report, constraint, here);
    } else {
      check_apart_keys(report, constraint, Place(here, "matchLabelKeys"));
    }
    if (rules.checks_spread_selectors && constraint.label_selector) {
      check_label_selector(report, *constraint.label_selector, Place(here, "labelSelector"));
    }
  }
}

}  // namespace apiserver
