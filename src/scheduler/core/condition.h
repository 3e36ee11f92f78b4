// Conditions of pods, as strategic merge patches of their status: conditions merge by type.
#pragma once

#include <string>
#include <string_view>

#include "api/core_v1.h"

namespace scheduler {

// Null if the pod has none of the type.
const api::core_v1::PodCondition* find_condition(const api::core_v1::Pod& pod, std::string_view type);

class ConditionPatch {
 public:
  // The time of the transition stays when the status does. `now_ns` since 1970.
  ConditionPatch(const api::core_v1::Pod& pod, std::string_view type, std::string_view status, std::string_view reason,
                 std::string_view message, int64_t now_ns);
  // A further field of the status.
  ConditionPatch& with(std::string_view field, std::string_view value);
  std::string text() &&;

 private:
  std::string text_;
};

}  // namespace scheduler
