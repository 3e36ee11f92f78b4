#include "placement/node_selector.h"

#include <algorithm>

#include "base/strings.h"

namespace placement {
namespace {

namespace core = api::core_v1;

bool matches(const core::NodeSelectorRequirement& requirement, const std::string* value) {
  const auto& how = requirement.operator_;
  bool listed =
      value && std::find(requirement.values.begin(), requirement.values.end(), *value) != requirement.values.end();
  if (how == "In") return listed;
  if (how == "NotIn") return !listed;
  if (how == "Exists") return value != nullptr;
  if (how == "DoesNotExist") return value == nullptr;
  if ((how == "Gt" || how == "Lt") && value && requirement.values.size() == 1) {
    auto have = base::parse_int(*value);
    auto bound = base::parse_int(requirement.values[0]);
    return have && bound && (how == "Gt" ? *have > *bound : *have < *bound);
  }
  return false;
}

}  // namespace

bool matches_term(const core::NodeSelectorTerm& term, const core::Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;
  const auto& labels = node.metadata.labels;
  bool by_label =
      std::all_of(term.match_expressions.begin(), term.match_expressions.end(), [&](const auto& requirement) {
        auto found = labels.find(requirement.key);
        return matches(requirement, found == labels.end() ? nullptr : &found->second);
      });
  return by_label && std::all_of(term.match_fields.begin(), term.match_fields.end(), [&](const auto& requirement) {
           return requirement.key == "metadata.name" && matches(requirement, &node.metadata.name);
         });
}

bool matches_selector(const core::NodeSelector& selector, const core::Node& node) {
  return std::any_of(selector.node_selector_terms.begin(), selector.node_selector_terms.end(),
                     [&](const auto& term) { return matches_term(term, node); });
}

bool matches_node(const core::PodSpec& spec, const core::Node& node) {
  const auto& labels = node.metadata.labels;
  for (const auto& [key, value] : spec.node_selector) {
    auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  if (!spec.affinity || !spec.affinity->node_affinity) return true;
  const auto& required = spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
  return !required || matches_selector(*required, node);
}

}  // namespace placement
