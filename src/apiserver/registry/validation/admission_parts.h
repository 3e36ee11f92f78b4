// What webhook configurations and admission policies have in common.
#pragma once

#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/registry/validation/expressions.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {

void check_match_rule(Report& report, const api::admissionregistration_k8s_io_v1::RuleWithOperations& rule,
                      const Place& at);
void check_match_conditions(Report& report,
                            const std::vector<api::admissionregistration_k8s_io_v1::MatchCondition>& conditions,
                            const ExpressionScope& scope, const Place& at);
void check_match_resources(Report& report, const api::admissionregistration_k8s_io_v1::MatchResources& resources,
                           SelectorValues values, const Place& at);

inline constexpr Supported kFailurePolicies = {"Fail", "Ignore"};
inline constexpr Supported kMatchPolicies = {"Equivalent", "Exact"};
inline constexpr Supported kReinvocationPolicies = {"IfNeeded", "Never"};

}  // namespace apiserver
