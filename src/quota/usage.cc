#include "quota/usage.h"

#include <algorithm>

#include "base/strings.h"

namespace quota {
namespace {

namespace core = api::core_v1;
using base::Quantity;

constexpr std::string_view kClassAnnotation = "volume.beta.kubernetes.io/storage-class";

Quantity one() {
  return Quantity::of(1);
}

bool uses_resources(const core::Pod& pod, base::Time now) {
  if (pod.status.phase == "Failed" || pod.status.phase == "Succeeded") return false;
  const auto& meta = pod.metadata;
  if (meta.deletion_timestamp.is_zero() || !meta.deletion_grace_period_seconds) return true;
  return now.seconds < meta.deletion_timestamp.seconds + *meta.deletion_grace_period_seconds;
}

std::string class_of(const core::PersistentVolumeClaim& claim) {
  auto annotation = claim.metadata.annotations.find(kClassAnnotation);
  if (annotation != claim.metadata.annotations.end()) return annotation->second;
  return claim.spec.storage_class_name.value_or("");
}

bool is_best_effort(const core::PodSpec& spec) {
  auto asks = [](const auto& resources) {
    for (const auto* amounts : {&resources.requests, &resources.limits}) {
      for (std::string_view name : {"cpu", "memory"}) {
        auto found = amounts->find(name);
        if (found != amounts->end() && !found->second.is_zero()) return true;
      }
    }
    return false;
  };
  auto any = [&](const auto& containers) {
    return std::any_of(containers.begin(), containers.end(), [&](const auto& one) { return asks(one.resources); });
  };
  if (spec.resources && asks(*spec.resources)) return false;
  return !any(spec.containers) && !any(spec.init_containers);
}

bool looks_across_namespaces(const core::PodSpec& spec) {
  if (!spec.affinity) return false;
  auto across = [](const core::PodAffinityTerm& term) { return !term.namespaces.empty() || term.namespace_selector; };
  auto any = [&](const auto& affinity) {
    if (!affinity) return false;
    for (const auto& term : affinity->required_during_scheduling_ignored_during_execution) {
      if (across(term)) return true;
    }
    for (const auto& weighted : affinity->preferred_during_scheduling_ignored_during_execution) {
      if (across(weighted.pod_affinity_term)) return true;
    }
    return false;
  };
  return any(spec.affinity->pod_affinity) || any(spec.affinity->pod_anti_affinity);
}

bool in_scope(std::string_view scope, const core::Pod& pod) {
  if (scope == "Terminating") return pod.spec.active_deadline_seconds.value_or(-1) >= 0;
  if (scope == "NotTerminating") return pod.spec.active_deadline_seconds.value_or(-1) < 0;
  if (scope == "BestEffort") return is_best_effort(pod.spec);
  if (scope == "NotBestEffort") return !is_best_effort(pod.spec);
  if (scope == "CrossNamespacePodAffinity") return looks_across_namespaces(pod.spec);
  if (scope == "PriorityClass") return !pod.spec.priority_class_name.empty();
  return false;
}

// `name` is what the object has of the scope, a priority class say; "" for none.
bool fits(const core::ScopedResourceSelectorRequirement& term, std::string_view name) {
  bool listed = std::find(term.values.begin(), term.values.end(), name) != term.values.end();
  if (term.operator_ == "In") return listed;
  if (term.operator_ == "NotIn") return !listed;
  if (term.operator_ == "Exists") return !name.empty();
  return name.empty();
}

}  // namespace

std::string count_name(std::string_view group, std::string_view plural) {
  return base::cat({"count/", plural, group.empty() ? "" : ".", group});
}

Amounts usage_of(const core::Pod& pod, base::Time now) {
  Amounts usage = {{"count/pods", one()}};
  if (!uses_resources(pod, now)) return usage;
  usage["pods"] = one();
  for (const auto& [name, amount] : pod_requests(pod.spec)) {
    bool bare = name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-");
    if (bare) usage[name] = amount;
    usage["requests." + name] = amount;
  }
  for (const auto& [name, amount] : pod_limits(pod.spec)) usage["limits." + name] = amount;
  return usage;
}

Amounts usage_of(const core::Service& service) {
  Amounts usage = {{"count/services", one()}, {"services", one()}};
  const auto& spec = service.spec;
  Quantity ports = Quantity::of(static_cast<int64_t>(spec.ports.size()));
  if (spec.type == "NodePort") usage["services.nodeports"] = ports;
  if (spec.type != "LoadBalancer") return usage;
  usage["services.loadbalancers"] = one();
  if (spec.allocate_load_balancer_node_ports.value_or(true)) {
    usage["services.nodeports"] = ports;
    return usage;
  }
  // Ports that are not allocated may be asked for.
  auto named =
      std::count_if(spec.ports.begin(), spec.ports.end(), [](const auto& port) { return port.node_port != 0; });
  usage["services.nodeports"] = Quantity::of(named);
  return usage;
}

Amounts usage_of(const core::PersistentVolumeClaim& claim) {
  Amounts usage = {{"count/persistentvolumeclaims", one()}, {"persistentvolumeclaims", one()}};
  auto storage = claim.spec.resources.requests.find("storage");
  bool asks = storage != claim.spec.resources.requests.end();
  if (asks) usage["requests.storage"] = storage->second;
  std::string of_class = class_of(claim);
  if (of_class.empty()) return usage;
  std::string prefix = of_class + ".storageclass.storage.k8s.io/";
  usage[prefix + "persistentvolumeclaims"] = one();
  if (asks) usage[prefix + "requests.storage"] = storage->second;
  return usage;
}

Amounts usage_of_objects(std::string_view group, std::string_view plural, int64_t count) {
  Amounts usage = {{count_name(group, plural), Quantity::of(count)}};
  if (!group.empty()) return usage;
  for (std::string_view named : {"replicationcontrollers", "resourcequotas", "secrets", "configmaps"}) {
    if (plural == named) usage[std::string(named)] = Quantity::of(count);
  }
  return usage;
}

bool has_scopes(const core::ResourceQuotaSpec& quota) {
  return !quota.scopes.empty() || (quota.scope_selector && !quota.scope_selector->match_expressions.empty());
}

bool covers(const core::ResourceQuotaSpec& quota, const core::Pod& pod) {
  for (const auto& scope : quota.scopes) {
    if (!in_scope(scope, pod)) return false;
  }
  if (!quota.scope_selector) return true;
  for (const auto& term : quota.scope_selector->match_expressions) {
    bool fit =
        term.scope_name == "PriorityClass" ? fits(term, pod.spec.priority_class_name) : in_scope(term.scope_name, pod);
    if (!fit) return false;
  }
  return true;
}

bool covers(const core::ResourceQuotaSpec& quota, const core::PersistentVolumeClaim& claim) {
  if (!quota.scopes.empty()) return false;
  if (!quota.scope_selector) return true;
  for (const auto& term : quota.scope_selector->match_expressions) {
    if (term.scope_name != "VolumeAttributesClass") return false;
    if (!fits(term, claim.spec.volume_attributes_class_name.value_or(""))) return false;
  }
  return true;
}

}  // namespace quota
