#include "apiserver/registry/validation/warnings.h"

#include <algorithm>

#include "base/strings.h"
#include "schema/names.h"

namespace apiserver {
namespace {

struct Deprecation {
  std::string_view label;
  std::string_view text;
};

constexpr Deprecation kNodeLabels[] = {
    {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
    {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
    {"failure-domain.beta.kubernetes.io/region",
     "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
    {"failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
    {"beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
    {"app.kubernetes.io/created-by", "deprecated since v1.9"},
    {"scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"},
    {"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
};

}  // namespace

void warn(Warnings& warnings, const Place& at, std::string_view text) {
  warnings.push_back(base::cat({at.path().text(), ": ", text}));
}

void warn_about_fraction(Warnings& warnings, const Amounts& amounts, std::string_view name, const Place& at) {
  auto found = amounts.find(name);
  if (found == amounts.end() || found->second.milli_value() % 1000 == 0) return;
  warn(
      warnings, Place::key(at, name),
      base::cat({"fractional byte value ", base::quote(found->second.to_string()), " is invalid, must be an integer"}));
}

std::string_view node_label_deprecation(std::string_view label) {
  const auto* found = std::ranges::find(kNodeLabels, label, &Deprecation::label);
  return found == std::end(kNodeLabels) ? "" : found->text;
}

void warn_about_node_term(Warnings& warnings, const api::core_v1::NodeSelectorTerm& term, TermUse use,
                          const Place& at) {
  Place expressions(at, "matchExpressions");
  for (size_t i = 0; i < term.match_expressions.size(); ++i) {
    const auto& expression = term.match_expressions[i];
    Place here(expressions, i);
    if (auto text = node_label_deprecation(expression.key); !text.empty()) {
      warn(warnings, Place(here, "key"), base::cat({expression.key, " is ", text}));
    }
    if (use == TermUse::Requirement) continue;
    Place values(here, "values");
    for (size_t n = 0; n < expression.values.size(); ++n) {
      for (const auto& problem : schema::check_label_value(expression.values[n])) {
        warn(warnings, Place(values, n), base::cat({expression.values[n], " is invalid, ", problem}));
      }
    }
  }
}

}  // namespace apiserver
