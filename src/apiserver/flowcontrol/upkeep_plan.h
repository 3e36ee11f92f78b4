// What must be done so that flow schemas and priority levels are as the server needs them: those that upstream ships
// are there and say what they should, and every schema says whether its level exists (condition Dangling). Pure.
// Kubernetes documentation, "API Priority and Fairness", "Maintenance of the mandatory and suggested configuration
// objects".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "base/time.h"
#include "schema/object.h"

namespace apiserver {

struct FlowObjects {
  std::map<std::string, api::flowcontrol_apiserver_k8s_io_v1::FlowSchema> schemas;
  std::map<std::string, api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfiguration> levels;
};

struct FlowRepair {
  enum class What : uint8_t { Create, Replace, ReplaceStatus, Remove };
  What what = What::Create;
  schema::Object object;  // as it should be; of what is removed, as it is
};

// `wanted`: those that upstream ships.
std::vector<FlowRepair> plan_flow_upkeep(const FlowObjects& there, const FlowObjects& wanted, base::Time now);

}  // namespace apiserver
