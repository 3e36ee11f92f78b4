#include "scheduler/core/condition.h"

#include "base/json.h"
#include "base/strings.h"
#include "base/time.h"

namespace scheduler {

const api::core_v1::PodCondition* find_condition(const api::core_v1::Pod& pod, std::string_view type) {
  for (const auto& condition : pod.status.conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

ConditionPatch::ConditionPatch(const api::core_v1::Pod& pod, std::string_view type, std::string_view status,
                               std::string_view reason, std::string_view message, int64_t now_ns) {
  const auto* old = find_condition(pod, type);
  bool same_status = old && old->status == status && !old->last_transition_time.is_zero();
  auto since = same_status ? old->last_transition_time : base::Time::from_ns(now_ns);
  text_ = base::cat({R"({"status":{"conditions":[{"type":")", type, R"(","status":")", status, R"(","reason":)"});
  base::append_json_string(text_, reason);
  text_ += R"(,"message":)";
  base::append_json_string(text_, message);
  text_ += base::cat({R"(,"lastProbeTime":null,"lastTransitionTime":")", base::format_rfc3339(since), "\""});
  if (pod.metadata.generation) {
    text_ += base::cat({R"(,"observedGeneration":)", std::to_string(pod.metadata.generation)});
  }
  text_ += "}]";
}

ConditionPatch& ConditionPatch::with(std::string_view field, std::string_view value) {
  text_ += base::cat({",\"", field, "\":"});
  base::append_json_string(text_, value);
  return *this;
}

std::string ConditionPatch::text() && {
  return std::move(text_) + "}}";
}

}  // namespace scheduler
