// Keeps the status of resource quotas: what is allowed, and what is used of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "controller/controller.h"
#include "quota/usage.h"

namespace controller {

std::unique_ptr<Controller> make_resource_quota_controller(Context& context);

namespace resource_quota {

// What there is in the quota's namespace, as far as the quota asks.
struct Inventory {
  std::vector<std::shared_ptr<const api::core_v1::Pod>> pods;
  std::vector<std::shared_ptr<const api::core_v1::Service>> services;
  std::vector<std::shared_ptr<const api::core_v1::PersistentVolumeClaim>> claims;
  quota::Amounts objects;  // of other resources, by the names that quotas have for their number
};

// The status as it should be. Names that nothing is known of have no usage.
api::core_v1::ResourceQuotaStatus status_of(const api::core_v1::ResourceQuota& quota, const Inventory& inventory,
                                            base::Time now);
// The resources, as "secrets" or "deployments.apps", whose objects have to be counted for the quota; those with
// evaluators of their own are not among them.
std::vector<std::string> counted_resources(const api::core_v1::ResourceQuota& quota);

}  // namespace resource_quota
}  // namespace controller
