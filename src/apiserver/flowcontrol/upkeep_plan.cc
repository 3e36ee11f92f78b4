#include "apiserver/flowcontrol/upkeep_plan.h"

#include <algorithm>

#include "base/strings.h"

namespace apiserver {
namespace {

namespace flow = api::flowcontrol_apiserver_k8s_io_v1;

constexpr const char* kAutoUpdate = "apf.kubernetes.io/autoupdate-spec";

bool is_mandatory(const std::string& name) {
  return name == "exempt" || name == "catch-all";
}

std::string auto_update(const api::meta_v1::ObjectMeta& metadata) {
  auto at = metadata.annotations.find(kAutoUpdate);
  return at == metadata.annotations.end() ? "" : at->second;
}

// What a cluster's owner may set at the levels that are always there.
void keep_settings(flow::FlowSchemaSpec&, const flow::FlowSchemaSpec&) {}
void keep_settings(flow::PriorityLevelConfigurationSpec& wanted, const flow::PriorityLevelConfigurationSpec& current) {
  if (wanted.type == "Exempt" && current.exempt) wanted.exempt = current.exempt;
}

// What an older release shipped and nobody took over.
template <class T>
bool is_left_over(const T& object, const std::map<std::string, T>& wanted) {
  return !wanted.contains(object.metadata.name) && auto_update(object.metadata) == "true";
}

template <class T>
void keep_shipped(const std::map<std::string, T>& there, const std::map<std::string, T>& wanted,
                  std::vector<FlowRepair>& repairs) {
  for (const auto& [name, ideal] : wanted) {
    auto at = there.find(name);
    if (at == there.end()) {
      repairs.push_back({FlowRepair::What::Create, schema::Object(ideal)});
      continue;
    }
    const T& current = at->second;
    T next = current;
    std::string said = auto_update(current.metadata);
    // Whoever changed a suggested object without saying anything means to keep it.
    bool ours = is_mandatory(name) || (said.empty() ? current.metadata.generation <= 1 : said == "true");
    if (is_mandatory(name) || said.empty()) next.metadata.annotations[kAutoUpdate] = ours ? "true" : "false";
    if (ours) {
      next.spec = ideal.spec;
      keep_settings(next.spec, current.spec);
    }
    if (!(next == current)) repairs.push_back({FlowRepair::What::Replace, schema::Object(std::move(next))});
  }
  for (const auto& [name, current] : there) {
    if (is_left_over(current, wanted)) repairs.push_back({FlowRepair::What::Remove, schema::Object(current)});
  }
}

void tell_whether_dangling(const flow::FlowSchema& current, bool dangling, base::Time now,
                           std::vector<FlowRepair>& repairs) {
  std::string status = dangling ? "True" : "False";
  std::string reason = dangling ? "NotFound" : "Found";
  std::string message = base::cat({"This FlowSchema references the PriorityLevelConfiguration object named ",
                                   base::quote(current.spec.priority_level_configuration.name),
                                   dangling ? " but there is no such object" : " and it exists"});
  flow::FlowSchema next = current;
  auto& conditions = next.status.conditions;
  auto at = std::ranges::find_if(conditions, [](const auto& one) { return one.type == "Dangling"; });
  if (at == conditions.end()) {
    at = conditions.insert(conditions.end(), flow::FlowSchemaCondition{});
    at->type = "Dangling";
  }
  if (at->status == status && at->reason == reason && at->message == message) return;
  if (at->status != status || at->last_transition_time.is_zero()) at->last_transition_time = now;
  at->status = status;
  at->reason = reason;
  at->message = message;
  repairs.push_back({FlowRepair::What::ReplaceStatus, schema::Object(std::move(next))});
}

}  // namespace

std::vector<FlowRepair> plan_flow_upkeep(const FlowObjects& there, const FlowObjects& wanted, base::Time now) {
  std::vector<FlowRepair> repairs;
  keep_shipped(there.levels, wanted.levels, repairs);
  keep_shipped(there.schemas, wanted.schemas, repairs);
  for (const auto& [name, schema] : there.schemas) {
    if (is_left_over(schema, wanted.schemas)) continue;
    const auto& level = schema.spec.priority_level_configuration.name;
    tell_whether_dangling(schema, !there.levels.contains(level), now, repairs);
  }
  return repairs;
}

}  // namespace apiserver
