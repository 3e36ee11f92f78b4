// The strategies that are more than traits, by the resources they are of. Each function adds its file's to the list.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "apiserver/registry/strategy.h"

namespace apiserver {

using StrategyMap = std::map<std::string, std::unique_ptr<const Strategy>, std::less<>>;

void add_core_strategies(StrategyMap& all);      // pods, services, nodes, namespaces, ...
void add_workload_strategies(StrategyMap& all);  // deployments, jobs, ...
void add_other_strategies(StrategyMap& all);     // priority classes, certificate requests, ...

}  // namespace apiserver
