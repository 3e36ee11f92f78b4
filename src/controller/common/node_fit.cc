#include "controller/common/node_fit.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "controller/common/selector.h"

namespace controller {
namespace {

using api::core_v1::Node;
using api::core_v1::NodeSelectorRequirement;
using api::core_v1::NodeSelectorTerm;
using api::core_v1::Taint;
using api::core_v1::Toleration;

bool holds(const NodeSelectorRequirement& requirement, std::optional<std::string_view> value) {
  const std::string& op = requirement.operator_;
  auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *value) != requirement.values.end();
  };
  if (op == "In") return value && listed();
  if (op == "NotIn") return !value || !listed();
  if (op == "Exists") return value.has_value();
  if (op == "DoesNotExist") return !value;
  if ((op != "Gt" && op != "Lt") || !value || requirement.values.size() != 1) return false;
  auto have = base::parse_int(*value), limit = base::parse_int(requirement.values[0]);
  return have && limit && (op == "Gt" ? *have > *limit : *have < *limit);
}

bool matches(const NodeSelectorTerm& term, const Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;
  for (const auto& requirement : term.match_expressions) {
    auto label = node.metadata.labels.find(requirement.key);
    if (!holds(requirement,
               label == node.metadata.labels.end() ? std::nullopt : std::optional<std::string_view>(label->second)))
      return false;
  }
  for (const auto& requirement : term.match_fields) {
    if (requirement.key != "metadata.name" || !holds(requirement, node.metadata.name)) return false;
  }
  return true;
}

}  // namespace

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.operator_ == "Exists") return true;
  return (toleration.operator_.empty() || toleration.operator_ == "Equal") && !toleration.key.empty() &&
         toleration.value == taint.value;
}

bool tolerates_all(const std::vector<Toleration>& tolerations, const std::vector<Taint>& taints,
                   std::string_view effect) {
  return std::all_of(taints.begin(), taints.end(), [&](const Taint& taint) {
    return taint.effect != effect || std::any_of(tolerations.begin(), tolerations.end(),
                                                 [&](const Toleration& one) { return tolerates(one, taint); });
  });
}

bool is_selected(const api::core_v1::PodSpec& spec, const Node& node) {
  if (!spec.node_name.empty() && spec.node_name != node.metadata.name) return false;
  if (!includes(node.metadata.labels, spec.node_selector)) return false;
  if (!spec.affinity || !spec.affinity->node_affinity) return true;
  const auto& required = spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
  if (!required) return true;
  return std::any_of(required->node_selector_terms.begin(), required->node_selector_terms.end(),
                     [&](const NodeSelectorTerm& term) { return matches(term, node); });
}

}  // namespace controller
