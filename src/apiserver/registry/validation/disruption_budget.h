// The rules of disruption budgets, beyond those of metadata. Pure.
#pragma once

#include "api/policy_v1.h"
#include "schema/field_error.h"

namespace apiserver {

// `current` null: at birth.
schema::FieldErrors validate_disruption_budget(const api::policy_v1::PodDisruptionBudget& next,
                                               const api::policy_v1::PodDisruptionBudget* current);
schema::FieldErrors validate_disruption_budget_status(const api::policy_v1::PodDisruptionBudget& next);

}  // namespace apiserver
