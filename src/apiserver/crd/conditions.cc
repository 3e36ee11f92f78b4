#include "apiserver/crd/conditions.h"

#include <algorithm>
#include <string>

namespace apiserver::crd {

const Condition* find_condition(const Definition& definition, std::string_view type) {
  auto found = std::ranges::find(definition.status.conditions, type, &Condition::type);
  return found == definition.status.conditions.end() ? nullptr : &*found;
}

bool has_condition(const Definition& definition, std::string_view type) {
  const Condition* condition = find_condition(definition, type);
  return condition != nullptr && condition->status == "True";
}

void set_condition(Definition& definition, std::string_view type, bool status, std::string_view reason,
                   std::string_view message, base::Time now) {
  auto& conditions = definition.status.conditions;
  auto found = std::ranges::find(conditions, type, &Condition::type);
  if (found == conditions.end()) {
    conditions.emplace_back().type = type;
    found = conditions.end() - 1;
  }
  std::string_view text = status ? "True" : "False";
  if (found->status != text) found->last_transition_time = now.truncated_to_seconds();
  found->status = text;
  found->reason = reason;
  found->message = message;
}

bool has_cleanup_finalizer(const Definition& definition) {
  return std::ranges::find(definition.metadata.finalizers, kCleanupFinalizer) != definition.metadata.finalizers.end();
}

}  // namespace apiserver::crd
