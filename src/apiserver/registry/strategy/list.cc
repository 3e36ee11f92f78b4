// The strategies, one line for each file of them.
#include <map>
#include <memory>
#include <string>

#include "apiserver/registry/strategy.h"
#include "apiserver/registry/strategy/special.h"
#include "base/strings.h"

namespace apiserver {
namespace {

std::map<std::string, std::unique_ptr<const Strategy>, std::less<>> make_all() {
  std::map<std::string, std::unique_ptr<const Strategy>, std::less<>> all;
  add_pod_strategies(all);
  add_cluster_strategies(all);
  add_storage_strategies(all);
  add_config_strategies(all);
  add_workload_strategies(all);
  add_job_strategies(all);
  add_networking_strategies(all);
  add_policy_strategies(all);
  add_storage_class_strategies(all);
  add_autoscaling_strategies(all);
  add_admission_strategies(all);
  add_certificate_strategies(all);
  add_class_strategies(all);
  add_discovery_strategies(all);
  add_flow_control_strategies(all);
  add_device_strategies(all);
  add_custom_strategies(all);
  return all;
}

}  // namespace

const Strategy& strategy_of(std::string_view group, std::string_view resource) {
  static const auto* const all = new std::map<std::string, std::unique_ptr<const Strategy>, std::less<>>(make_all());
  static const Strategy* const plain = new Strategy();
  auto found = all->find(group.empty() ? std::string(resource) : base::cat({resource, ".", group}));
  return found == all->end() ? *plain : *found->second;
}

}  // namespace apiserver
