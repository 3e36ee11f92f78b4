#include "placement/toleration.h"

#include <algorithm>

#include "base/strings.h"

namespace placement {

bool tolerates(const api::core_v1::Toleration& toleration, const api::core_v1::Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  const auto& how = toleration.operator_;
  if (how.empty() || how == "Equal") return toleration.value == taint.value;
  if (how == "Exists") return true;
  auto bound = base::parse_int(toleration.value);
  auto value = base::parse_int(taint.value);
  if (!bound || !value) return false;
  return (how == "Gt" && *value > *bound) || (how == "Lt" && *value < *bound);
}

bool tolerates(const std::vector<api::core_v1::Toleration>& tolerations, const api::core_v1::Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(), [&](const auto& one) { return tolerates(one, taint); });
}

bool tolerates_all(const std::vector<api::core_v1::Toleration>& tolerations,
                   const std::vector<api::core_v1::Taint>& taints, std::string_view effect) {
  return std::all_of(taints.begin(), taints.end(),
                     [&](const auto& taint) { return taint.effect != effect || tolerates(tolerations, taint); });
}

}  // namespace placement
