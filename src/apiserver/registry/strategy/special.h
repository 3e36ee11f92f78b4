// The strategies that are more than traits, by the resources they are of. Each function adds its file's to the list.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "apiserver/registry/strategy.h"

namespace apiserver {

using StrategyMap = std::map<std::string, std::unique_ptr<const Strategy>, std::less<>>;

void add_pod_strategies(StrategyMap& all);
void add_cluster_strategies(StrategyMap& all);   // nodes, namespaces, services, endpoints
void add_storage_strategies(StrategyMap& all);   // persistent volumes and claims
void add_config_strategies(StrategyMap& all);    // settings, secrets, accounts, quotas, limits
void add_workload_strategies(StrategyMap& all);  // deployments, ...
void add_job_strategies(StrategyMap& all);       // jobs, cron jobs
void add_other_strategies(StrategyMap& all);     // priority classes, certificate requests, ...

}  // namespace apiserver
