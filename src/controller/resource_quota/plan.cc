#include <algorithm>

#include "controller/resource_quota/resource_quota.h"

namespace controller::resource_quota {
namespace {

using api::core_v1::ResourceQuota;
using quota::Amounts;

void add(Amounts& sums, const Amounts& more) {
  for (const auto& [name, amount] : more) sums[name] += amount;
}

// A name that an evaluator knows counts from zero: nothing of it is used where there are no such objects.
bool is_evaluated(std::string_view name, bool scoped) {
  if (name.starts_with("requests.") || name.starts_with("limits.") || name.starts_with("hugepages-")) return true;
  constexpr std::string_view kOfPods[] = {"pods", "count/pods", "cpu", "memory", "ephemeral-storage"};
  if (std::find(std::begin(kOfPods), std::end(kOfPods), name) != std::end(kOfPods)) return true;
  if (name.find(".storageclass.storage.k8s.io/") != std::string_view::npos) return true;
  if (name == "persistentvolumeclaims" || name == "count/persistentvolumeclaims") return true;
  return !scoped && (name.starts_with("services") || name == "count/services");
}

}  // namespace

std::vector<std::string> counted_resources(const ResourceQuota& quota) {
  constexpr std::string_view kPrefix = "count/";
  std::vector<std::string> resources;
  for (const auto& [name, amount] : quota.spec.hard) {
    std::string_view resource = name;
    bool counted = resource.starts_with(kPrefix);
    if (counted) resource.remove_prefix(kPrefix.size());
    bool bare = resource == "replicationcontrollers" || resource == "resourcequotas" || resource == "secrets" ||
                resource == "configmaps";
    bool evaluated = resource == "pods" || resource == "services" || resource == "persistentvolumeclaims";
    if ((counted && !evaluated) || bare) resources.emplace_back(resource);
  }
  return resources;
}

api::core_v1::ResourceQuotaStatus status_of(const ResourceQuota& quota, const Inventory& inventory, base::Time now) {
  bool scoped = quota::has_scopes(quota.spec);
  Amounts used;
  for (const auto& pod : inventory.pods) {
    if (quota::covers(quota.spec, *pod)) add(used, quota::usage_of(*pod, now));
  }
  for (const auto& claim : inventory.claims) {
    if (quota::covers(quota.spec, *claim)) add(used, quota::usage_of(*claim));
  }
  if (!scoped) {
    for (const auto& service : inventory.services) add(used, quota::usage_of(*service));
    add(used, inventory.objects);
  }
  api::core_v1::ResourceQuotaStatus status;
  status.hard = quota.spec.hard;
  for (const auto& [name, hard] : quota.spec.hard) {
    auto found = used.find(name);
    if (found != used.end()) {
      status.used[name] = found->second;
    } else if (is_evaluated(name, scoped)) {
      status.used[name] = base::Quantity::of(0);
    }
  }
  return status;
}

}  // namespace controller::resource_quota
