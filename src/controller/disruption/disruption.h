// Works out how many pods of each disruption budget may be evicted now.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/policy_v1.h"
#include "controller/common/pods.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_disruption_controller(Context& context);

namespace disruption {

// How many pods a budget's pods' controllers want in all, as far as the budget needs to know it.
struct Expected {
  int32_t pods = 0;
  int32_t healthy = 0;  // how many of them must be
};
Expected expected(const api::policy_v1::PodDisruptionBudget& budget, int32_t matching, int32_t scale);

// The status; `pods` are those the budget selects. Evictions that were granted and not yet seen count as gone for two
// minutes.
api::policy_v1::PodDisruptionBudgetStatus status_of(const api::policy_v1::PodDisruptionBudget& budget,
                                                    const std::vector<PodPointer>& pods, Expected expected,
                                                    base::Time now);

}  // namespace disruption
}  // namespace controller
