#include "kubelet/cgroup/node_groups.h"

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/pods/resources.h"

namespace kubelet {
namespace {

using Enforce = ReservedOptions::Enforce;

int64_t number_in(const char* path) {
  auto text = base::read_file(path);
  return text ? base::parse_int(base::trim(*text)).value_or(0) : 0;
}

// As upstream's getCgroupConfig: weights of processors; memory, processes and huge pages unless only what can be
// squeezed is to be bounded.
CgroupLimits limits_of(const ResourceList& list, bool only_compressible) {
  CgroupLimits out;
  for (const auto& [name, amount] : list) {
    if (name == "cpu") out.cpu_shares = milli_cpu_to_shares(amount.milli_value());
    if (only_compressible) continue;
    if (name == "memory") out.memory_bytes = amount.value();
    if (name == "pid") out.pids = amount.value();
    if (name.starts_with("hugepages-")) out.hugepages[page_size_name(name.substr(10))] = amount.value();
  }
  return out;
}

base::Result<void> enforce(const Cgroups& cgroups, const std::string& group, const ResourceList& amounts, Enforce how,
                           std::string_view title, std::string_view name, std::vector<NodeGroupNote>& notes) {
  if (how == Enforce::No) return {};
  auto done = cgroups.check_exists(group);
  if (done) done = cgroups.ensure(group, limits_of(amounts, how == Enforce::Compressible));
  if (!done) {
    std::string message = base::cat({"Failed to enforce ", title, how == Enforce::Compressible ? " Compressible" : "",
                                     " Cgroup Limits on ", base::quote(group), ": ", done.error().message()});
    notes.push_back({.warning = true, .reason = "FailedNodeAllocatableEnforcement", .message = message});
    return base::fail(done.error().code(), message);
  }
  notes.push_back({.reason = "NodeAllocatableEnforced",
                   .message = base::cat({"Updated limits on ", name, " reserved cgroup ", group})});
  return {};
}

}  // namespace

int64_t processes_max() {
  return std::min(number_in("/proc/sys/kernel/pid_max"), number_in("/proc/sys/kernel/threads-max"));
}

base::Result<void> check_reserved(const ResourceList& capacity, const KubeletOptions& options) {
  ResourceList kept = options.reserved;
  for (const auto& threshold : options.eviction.thresholds) {
    bool counts = threshold.signal == Signal::MemoryAvailable || threshold.signal == Signal::NodeFsAvailable;
    if (!threshold.is_hard() || !counts) continue;
    auto name = starved_resource(threshold.signal);
    if (auto whole = capacity.find(name); whole != capacity.end())
      kept[std::string(name)] += threshold.limit.of(whole->second);
  }
  std::string problems;
  for (const auto& [name, amount] : kept) {
    auto whole = capacity.find(name);
    if (whole == capacity.end() || amount <= whole->second) continue;
    problems += base::cat({" Resource ", base::quote(name), " has a reservation of ", amount.to_string(),
                           " but capacity of ", whole->second.to_string(), ". Expected capacity >= reservation."});
  }
  if (problems.empty()) return {};
  return base::fail(base::Code::Invalid, "invalid Node Allocatable configuration." + problems);
}

base::Result<void> set_up_node_groups(const Cgroups& cgroups, const std::string& base, const Machine& machine,
                                      const KubeletOptions& options, std::vector<NodeGroupNote>& notes) {
  const auto& reserved = options.reserved_groups;
  ResourceList whole;
  whole["cpu"] = base::Quantity::of(machine.cpus);
  whole["memory"] = base::Quantity::of(machine.memory_bytes);
  if (int64_t processes = processes_max(); processes > 0) whole["pid"] = base::Quantity::of(processes);
  for (const auto& [name, bytes] : machine.hugepages) whole[name] = base::Quantity::of(bytes);
  if (reserved.enforce_pods) {
    // Without what evictions keep free: a pod that passes that is ended with a word, not by the kernel.
    for (auto& [name, amount] : whole)
      if (auto kept = options.reserved.find(name); kept != options.reserved.end()) {
        amount -= kept->second;
        if (amount.sign() < 0) amount = base::Quantity::of(0);
      }
  }
  TRY(cgroups.ensure(base, limits_of(whole, false)));
  notes.push_back({.reason = "NodeAllocatableEnforced", .message = "Updated Node Allocatable limit across pods"});
  TRY(cgroups.ensure(base + "/burstable", CgroupLimits{.cpu_shares = milli_cpu_to_shares(0)}));
  TRY(cgroups.ensure(base + "/besteffort", CgroupLimits{.cpu_shares = milli_cpu_to_shares(0)}));
  TRY(enforce(cgroups, reserved.system_group, reserved.system, reserved.enforce_system, "System Reserved", "system",
              notes));
  TRY(enforce(cgroups, reserved.kube_group, reserved.kube, reserved.enforce_kube, "Kube Reserved", "kube", notes));
  return {};
}

base::Result<void> set_burstable_weight(const Cgroups& cgroups, const std::string& base, int64_t milli_cpu) {
  return cgroups.ensure(base + "/burstable", CgroupLimits{.cpu_shares = milli_cpu_to_shares(milli_cpu)});
}

}  // namespace kubelet
