// Pods that, or whose containers, get more or less processor time and memory while they run. Pure.
//
// What the spec asks for is granted when it fits; until then the pod goes on with what it was granted before: its
// allocation. The allocation is what a worker's pod says in its spec, so that all else (control groups, admission, new
// containers) reads nothing but the pod. Containers follow the allocation one by one, in place or by a restart as their
// resizePolicy says. Rules: the Kubernetes documentation, "Resize CPU and Memory Resources assigned to Containers".
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kubelet/pods/resources.h"
#include "kubelet/runtime/records.h"

namespace kubelet {

// By container; "" is the pod itself, if it says what it needs as a whole.
using Allocation = std::map<std::string, core::ResourceRequirements, std::less<>>;

Allocation allocation_in_spec(const core::Pod& pod);
// What the pod's status says that this node had granted, for a kubelet that takes over; the spec's where it says
// nothing.
Allocation allocation_in_status(const core::Pod& pod);
void put_allocation(core::Pod& pod, const Allocation& allocation);

// Why a resize is not granted now.
struct ResizePending {
  std::string reason;  // "Deferred": others use what it asks for; "Infeasible": the node can never give it
  std::string message;
  bool operator==(const ResizePending&) const = default;
};
// `wanted`: the pod as its spec asks; `others`: the pods that the node bears beside it. Nothing: it fits.
std::optional<ResizePending> judge_resize(const core::Pod& wanted, const ResourceList& allocatable,
                                          const std::vector<const core::Pod*>& others);

// What is going on with the resizes of one pod.
struct ResizeState {
  std::map<std::string, core::ResourceRequirements, std::less<>> applied;  // by container id: what it runs with
  std::optional<core::ResourceRequirements> applied_to_pod;                // and the pod as a whole
  std::optional<ResizePending> pending;
  bool in_progress = false;  // granted, but not all containers run with it yet
  std::string error;         // why not
};

struct ContainerResize {
  std::string id;
  std::string name;
  bool restart = false;
  bool operator==(const ContainerResize&) const = default;
};
// The running containers that do not run with what the pod was granted.
std::vector<ContainerResize> plan_resizes(const core::Pod& pod, const PodRecord& record, const ResizeState& state,
                                          const std::set<std::string>& stopping);
// Whether the pod as a whole, or some container that will run on or again, has yet to get what it was granted.
bool is_resizing(const core::Pod& pod, const PodRecord& record, const ResizeState& state);

// The larger of each limit: what a group may have while its containers change from one to the other.
CgroupLimits larger(const CgroupLimits& a, const CgroupLimits& b);

}  // namespace kubelet
