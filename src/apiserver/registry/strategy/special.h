// The strategies that are more than traits, by the resources they are of. Each function adds its file's to the list.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "apiserver/registry/strategy.h"

namespace apiserver {

using StrategyMap = std::map<std::string, std::unique_ptr<const Strategy>, std::less<>>;

void add_pod_strategies(StrategyMap& all);
void add_cluster_strategies(StrategyMap& all);        // nodes, namespaces, services, endpoints
void add_storage_strategies(StrategyMap& all);        // persistent volumes and claims
void add_config_strategies(StrategyMap& all);         // settings, secrets, accounts, quotas, limits
void add_workload_strategies(StrategyMap& all);       // deployments, ...
void add_job_strategies(StrategyMap& all);            // jobs, cron jobs
void add_networking_strategies(StrategyMap& all);     // ingresses, network policies, ...
void add_policy_strategies(StrategyMap& all);         // disruption budgets, roles and bindings
void add_storage_class_strategies(StrategyMap& all);  // storage classes, drivers, attachments
void add_autoscaling_strategies(StrategyMap& all);
void add_admission_strategies(StrategyMap& all);  // webhook configurations, admission policies
void add_certificate_strategies(StrategyMap& all);
void add_class_strategies(StrategyMap& all);      // priority and runtime classes
void add_discovery_strategies(StrategyMap& all);  // endpoint slices, API services, leases, events
void add_flow_control_strategies(StrategyMap& all);
void add_device_strategies(StrategyMap& all);
void add_custom_strategies(StrategyMap& all);  // custom resource definitions

}  // namespace apiserver
