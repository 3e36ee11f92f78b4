#include "kubelet/pods/resize.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {
namespace {

constexpr std::string_view kResizable[] = {"cpu", "memory"};

// Both kinds of containers that can be resized.
template <class Pod, class Visit>
void each_container(Pod& pod, Visit visit) {
  for (auto& container : pod.spec.init_containers) visit(container);
  for (auto& container : pod.spec.containers) visit(container);
}

int64_t amount(const ResourceList& list, std::string_view name) {
  auto found = list.find(name);
  if (found == list.end()) return 0;
  return name == "cpu" ? found->second.milli_value() : found->second.value();
}

bool differs(const core::ResourceRequirements& a, const core::ResourceRequirements& b, std::string_view name) {
  return amount(a.requests, name) != amount(b.requests, name) || amount(a.limits, name) != amount(b.limits, name);
}

bool differs(const core::ResourceRequirements& a, const core::ResourceRequirements& b) {
  return std::ranges::any_of(kResizable, [&](auto name) { return differs(a, b, name); });
}

bool needs_restart(const core::Container& container, const core::ResourceRequirements& wanted,
                   const core::ResourceRequirements& applied) {
  return std::ranges::any_of(container.resize_policy, [&](auto& policy) {
    return policy.restart_policy == "RestartContainer" && differs(wanted, applied, policy.resource_name);
  });
}

constexpr std::string_view kWhole;  // in an allocation: the pod

std::optional<int64_t> larger(const std::optional<int64_t>& a, const std::optional<int64_t>& b) {
  return a && b ? std::optional(std::max(*a, *b)) : std::nullopt;
}

}  // namespace

Allocation allocation_in_spec(const core::Pod& pod) {
  Allocation out;
  each_container(pod, [&](auto& container) { out[container.name] = container.resources; });
  if (pod.spec.resources) out[std::string(kWhole)] = *pod.spec.resources;
  return out;
}

Allocation allocation_in_status(const core::Pod& pod) {
  Allocation out = allocation_in_spec(pod);
  for (auto* list : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (auto& status : *list) {
      auto found = out.find(status.name);
      if (found == out.end() || status.container_id.empty() || !status.resources || status.allocated_resources.empty())
        continue;
      found->second.requests = status.allocated_resources;
      found->second.limits = status.resources->limits;
    }
  }
  auto whole = out.find(kWhole);
  if (whole != out.end() && pod.status.resources && !pod.status.allocated_resources.empty()) {
    whole->second.requests = pod.status.allocated_resources;
    whole->second.limits = pod.status.resources->limits;
  }
  return out;
}

void put_allocation(core::Pod& pod, const Allocation& allocation) {
  each_container(pod, [&](auto& container) {
    auto found = allocation.find(container.name);
    if (found == allocation.end()) return;
    container.resources.requests = found->second.requests;
    container.resources.limits = found->second.limits;
  });
  auto whole = allocation.find(kWhole);
  if (whole == allocation.end()) {
    pod.spec.resources.reset();
  } else {
    if (!pod.spec.resources) pod.spec.resources.emplace();
    pod.spec.resources->requests = whole->second.requests;
    pod.spec.resources->limits = whole->second.limits;
  }
}

std::optional<ResizePending> judge_resize(const core::Pod& wanted, const ResourceList& allocatable,
                                          const std::vector<const core::Pod*>& others) {
  if (is_mirror_or_static(wanted))
    return ResizePending{"Infeasible", "In-place resize of static-pods is not supported"};
  auto requests = pod_requests(wanted);
  for (auto name : kResizable) {
    int64_t need = amount(requests, name), have = amount(allocatable, name);
    if (need <= have) continue;
    return ResizePending{"Infeasible", base::cat({"Node didn't have enough capacity: ", name, ", requested: ",
                                                  std::to_string(need), ", capacity: ", std::to_string(have)})};
  }
  ResourceList used;
  for (auto* other : others)
    for (auto& [name, quantity] : pod_requests(*other)) used[name] += quantity;
  for (auto name : kResizable) {
    int64_t need = amount(requests, name), taken = amount(used, name), have = amount(allocatable, name);
    if (need == 0 || need + taken <= have) continue;
    return ResizePending{"Deferred",
                         base::cat({"Node didn't have enough resource: ", name, ", requested: ", std::to_string(need),
                                    ", used: ", std::to_string(taken), ", capacity: ", std::to_string(have)})};
  }
  return std::nullopt;
}

std::vector<ContainerResize> plan_resizes(const core::Pod& pod, const PodRecord& record, const ResizeState& state,
                                          const std::set<std::string>& stopping) {
  std::vector<ContainerResize> out;
  each_container(pod, [&](auto& container) {
    auto* current = record.current(container.name);
    if (current == nullptr || !current->is_running() || stopping.contains(current->id)) return;
    auto applied = state.applied.find(current->id);
    auto wanted = effective_resources(pod, container);
    if (applied == state.applied.end() || !differs(wanted, applied->second)) return;
    out.push_back(
        {.id = current->id, .name = container.name, .restart = needs_restart(container, wanted, applied->second)});
  });
  return out;
}

bool is_resizing(const core::Pod& pod, const PodRecord& record, const ResizeState& state) {
  bool out = pod.spec.resources && state.applied_to_pod && differs(*pod.spec.resources, *state.applied_to_pod);
  each_container(pod, [&](auto& container) {
    auto* newest = record.newest(container.name);
    if (newest == nullptr) return;
    auto applied = state.applied.find(newest->id);
    if (applied == state.applied.end() || !differs(effective_resources(pod, container), applied->second)) return;
    bool is_init = std::ranges::any_of(pod.spec.init_containers, [&](auto& one) { return one.name == container.name; });
    out = out || newest->is_running() || restarts_after(pod, container, is_init, newest->exit_code);
  });
  return out;
}

CgroupLimits larger(const CgroupLimits& a, const CgroupLimits& b) {
  CgroupLimits out = b;
  out.cpu_shares = larger(a.cpu_shares, b.cpu_shares);
  out.cpu_quota_us = larger(a.cpu_quota_us, b.cpu_quota_us);
  out.memory_bytes = larger(a.memory_bytes, b.memory_bytes);
  return out;
}

}  // namespace kubelet
