// What objects use of a quota, by the names that quotas have for it: what admission charges and what the controller
// adds up. Kubernetes documentation, "Resource Quotas".
#pragma once

#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "base/time.h"
#include "quota/pod_amounts.h"

namespace quota {

// "count/pods", "count/deployments.apps".
std::string count_name(std::string_view group, std::string_view plural);

// A pod that has ended, or whose time to end is over, uses nothing but its place among the objects.
Amounts usage_of(const api::core_v1::Pod& pod, base::Time now);
Amounts usage_of(const api::core_v1::Service& service);
Amounts usage_of(const api::core_v1::PersistentVolumeClaim& claim);
// Of objects of another resource: how many there are.
Amounts usage_of_objects(std::string_view group, std::string_view plural, int64_t count);

// Whether the quota is about this object: quotas with scopes are about some pods, or claims, alone.
bool covers(const api::core_v1::ResourceQuotaSpec& quota, const api::core_v1::Pod& pod);
bool covers(const api::core_v1::ResourceQuotaSpec& quota, const api::core_v1::PersistentVolumeClaim& claim);
bool has_scopes(const api::core_v1::ResourceQuotaSpec& quota);

}  // namespace quota
