#include "kubelet/pods/resources.h"

#include <algorithm>

namespace kubelet {
namespace {

constexpr std::string_view kHugePages = "hugepages-";

void add(ResourceList& to, const ResourceList& more) {
  for (auto& [name, amount] : more) to[name] += amount;
}

void raise(ResourceList& to, const ResourceList& least) {
  for (auto& [name, amount] : least) {
    auto [at, fresh] = to.try_emplace(name, amount);
    if (!fresh && at->second < amount) at->second = amount;
  }
}

// `of` picks requests or limits.
template <class Of>
ResourceList total(const core::Pod& pod, Of of) {
  ResourceList running, sidecars, greatest_init;
  for (auto& container : pod.spec.containers) add(running, of(container.resources));
  for (auto& container : pod.spec.init_containers) {
    ResourceList now = sidecars;
    add(now, of(container.resources));
    if (is_sidecar(container)) sidecars = now;
    raise(greatest_init, now);
  }
  add(running, sidecars);
  raise(running, greatest_init);
  // What the pod says of itself counts instead of the sum.
  if (pod.spec.resources)
    for (auto& [name, amount] : of(*pod.spec.resources)) running[name] = amount;
  return running;
}

ResourceList requests_of(const core::ResourceRequirements& resources) {
  ResourceList out = resources.requests;
  for (auto& [name, amount] : resources.limits) out.try_emplace(name, amount);
  return out;
}

int64_t milli(const ResourceList& list, std::string_view name) {
  auto found = list.find(name);
  return found == list.end() ? 0 : found->second.milli_value();
}

int64_t whole(const ResourceList& list, std::string_view name) {
  auto found = list.find(name);
  return found == list.end() ? 0 : found->second.value();
}

}  // namespace

std::string page_size_name(std::string size) {
  if (size.ends_with('i')) size.back() = 'B';
  return size;
}

QosClass qos_class(const core::Pod& pod) {
  bool any = false, guaranteed = true;
  auto look = [&](const core::ResourceRequirements& resources) {
    for (auto name : {"cpu", "memory"}) {
      auto limit = resources.limits.find(name);
      auto request = resources.requests.find(name);
      bool has_limit = limit != resources.limits.end() && !limit->second.is_zero();
      bool has_request = request != resources.requests.end() && !request->second.is_zero();
      any = any || has_limit || has_request;
      if (!has_limit || (has_request && request->second != limit->second)) guaranteed = false;
    }
  };
  if (pod.spec.resources && (!pod.spec.resources->limits.empty() || !pod.spec.resources->requests.empty())) {
    look(*pod.spec.resources);
  } else {
    for (auto& container : pod.spec.containers) look(container.resources);
    for (auto& container : pod.spec.init_containers) look(container.resources);
  }
  if (!any) return QosClass::BestEffort;
  return guaranteed ? QosClass::Guaranteed : QosClass::Burstable;
}

std::string qos_class_name(QosClass qos) {
  switch (qos) {
    case QosClass::Guaranteed:
      return "Guaranteed";
    case QosClass::Burstable:
      return "Burstable";
    case QosClass::BestEffort:
      break;
  }
  return "BestEffort";
}

ResourceList pod_requests(const core::Pod& pod) {
  auto out = total(pod, [](auto& resources) { return requests_of(resources); });
  add(out, pod.spec.overhead);
  return out;
}

ResourceList pod_limits(const core::Pod& pod) {
  auto out = total(pod, [](auto& resources) { return resources.limits; });
  for (auto& [name, amount] : pod.spec.overhead)
    if (auto found = out.find(name); found != out.end()) found->second += amount;
  return out;
}

std::string pod_cgroup(const std::string& root, const core::Pod& pod) {
  std::string name = "/pod" + pod.metadata.uid;
  switch (qos_class(pod)) {
    case QosClass::Guaranteed:
      return root + name;
    case QosClass::Burstable:
      return root + "/burstable" + name;
    case QosClass::BestEffort:
      break;
  }
  return root + "/besteffort" + name;
}

CgroupLimits pod_cgroup_limits(const core::Pod& pod, int64_t processes_max, bool cpu_quota) {
  auto requests = pod_requests(pod);
  auto limits = pod_limits(pod);
  CgroupLimits out;
  if (processes_max > 0) out.pids = processes_max;
  if (qos_class(pod) == QosClass::BestEffort) {
    out.cpu_shares = 2;
    return out;
  }
  out.cpu_shares = milli_cpu_to_shares(milli(requests, "cpu"));
  for (const auto& [name, amount] : limits)
    if (name.starts_with(kHugePages)) out.hugepages[page_size_name(name.substr(kHugePages.size()))] = amount.value();
  // A bound of the whole holds only if every part has one.
  auto all_limit = [&](std::string_view name) {
    if (pod.spec.resources && pod.spec.resources->limits.contains(name)) return true;
    auto has = [&](auto& container) { return container.resources.limits.contains(name); };
    return std::ranges::all_of(pod.spec.containers, has) && std::ranges::all_of(pod.spec.init_containers, has);
  };
  if (cpu_quota && all_limit("cpu"))
    if (int64_t quota = milli_cpu_to_quota_us(milli(limits, "cpu")); quota > 0) out.cpu_quota_us = quota;
  if (all_limit("memory"))
    if (int64_t bytes = whole(limits, "memory"); bytes > 0) out.memory_bytes = bytes;
  return out;
}

int64_t oom_score_adjustment(const core::Pod& pod, const core::Container& container, int64_t memory_capacity_bytes) {
  constexpr int64_t kGuaranteed = -997, kBestEffort = 1000;
  if (is_critical(pod)) return kGuaranteed;
  switch (qos_class(pod)) {
    case QosClass::Guaranteed:
      return kGuaranteed;
    case QosClass::BestEffort:
      return kBestEffort;
    case QosClass::Burstable:
      break;
  }
  int64_t request = whole(requests_of(container.resources), "memory");
  int64_t adjustment = 1000;
  if (memory_capacity_bytes > 0)
    adjustment -= static_cast<int64_t>(static_cast<__int128>(request) * 1000 / memory_capacity_bytes);
  return std::clamp<int64_t>(adjustment, 1000 + kGuaranteed, kBestEffort - 1);
}

namespace {

// Of swap a burstable container may have what it asked for of memory, in proportion; all others none. Kubernetes
// documentation, "Swap memory management". Version 1's trees know no part of it.
void bound_swap(const core::Pod& pod, const core::Container& container, const ContainerRules& rules,
                api::cri::LinuxContainerResources& out) {
  if (rules.cgroup_version != 2) {
    out.memory_swap_limit_in_bytes = out.memory_limit_in_bytes;  // both together: no swap
    return;
  }
  int64_t request = whole(requests_of(container.resources), "memory");
  bool may = rules.limited_swap && qos_class(pod) == QosClass::Burstable && !is_critical(pod) && request > 0 &&
             request != whole(container.resources.limits, "memory") && rules.memory_capacity_bytes > 0;
  __int128 part =
      static_cast<__int128>(request) * rules.swap_capacity_bytes / std::max<int64_t>(rules.memory_capacity_bytes, 1);
  out.unified["memory.swap.max"] = may ? std::to_string(static_cast<int64_t>(part)) : "0";
}

}  // namespace

core::ResourceRequirements effective_resources(const core::Pod& pod, const core::Container& container) {
  core::ResourceRequirements out = container.resources;
  if (!pod.spec.resources) return out;
  for (auto name : {"cpu", "memory"})
    if (auto whole = pod.spec.resources->limits.find(name); whole != pod.spec.resources->limits.end())
      out.limits.try_emplace(name, whole->second);
  return out;
}

api::cri::LinuxContainerResources container_resources(const core::Pod& pod, const core::Container& container,
                                                      const ContainerRules& rules) {
  api::cri::LinuxContainerResources out;
  const auto limits = effective_resources(pod, container).limits;
  int64_t cpu_limit = milli(limits, "cpu");
  int64_t cpu_request = milli(container.resources.requests, "cpu");
  // Only a limit: it is the request too.
  if (!container.resources.requests.contains("cpu") && cpu_limit > 0) cpu_request = cpu_limit;
  out.cpu_shares = milli_cpu_to_shares(cpu_request);
  if (cpu_limit > 0 && rules.cpu_quota) {
    out.cpu_period = 100'000;
    out.cpu_quota = milli_cpu_to_quota_us(cpu_limit);
  }
  out.memory_limit_in_bytes = whole(limits, "memory");
  out.oom_score_adj = oom_score_adjustment(pod, container, rules.memory_capacity_bytes);
  if (rules.cgroup_version == 2 && rules.ends_whole_groups) out.unified["memory.oom.group"] = "1";
  if (rules.bounds_swap) bound_swap(pod, container, rules, out);
  std::map<std::string, uint64_t> pages;
  for (const auto& size : rules.page_sizes) pages[page_size_name(size)] = 0;
  for (const auto& [name, amount] : limits)
    if (name.starts_with(kHugePages))
      pages[page_size_name(name.substr(kHugePages.size()))] = static_cast<uint64_t>(amount.value());
  for (const auto& [size, bytes] : pages) {
    auto& limit = out.hugepage_limits.emplace_back();
    limit.page_size = size;
    limit.limit = bytes;
  }
  return out;
}

}  // namespace kubelet
