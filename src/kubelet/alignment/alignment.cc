#include "kubelet/alignment/alignment.h"

#include <algorithm>
#include <bit>
#include <set>

#include "base/strings.h"

namespace kubelet {
namespace {

// Of a pod in the order in which they are given.
std::vector<const core::Container*> in_order(const core::Pod& pod) {
  std::vector<const core::Container*> out;
  for (const auto& one : pod.spec.init_containers) out.push_back(&one);
  for (const auto& one : pod.spec.containers) out.push_back(&one);
  return out;
}

bool is_on(const AlignmentOptions& options, const std::string& option) {
  auto found = options.cpu_policy_options.find(option);
  return found != options.cpu_policy_options.end() && found->second == "true";
}

// More nodes than that make too many hints to look through.
constexpr std::string_view kNodesMax = "max-allowable-numa-nodes";
constexpr size_t kNodesMaxDefault = 8;
base::Result<size_t> nodes_max(const AlignmentOptions& options) {
  auto found = options.topology_policy_options.find(kNodesMax);
  if (found == options.topology_policy_options.end()) return kNodesMaxDefault;
  auto value = base::parse_int(found->second);
  if (!value || *value < static_cast<int64_t>(kNodesMaxDefault))
    return base::fail(base::Code::Invalid, base::cat({"the minimum value of ", base::quote(std::string(kNodesMax)),
                                                      " should be 8, not ", found->second}));
  return static_cast<size_t>(*value);
}

base::Result<CpuSet> reserved_cpus(const AlignmentOptions& options, const Layout& layout) {
  if (!options.reserved_cpus.empty()) return parse_cpu_list(options.reserved_cpus);
  auto count = static_cast<size_t>((options.reserved_milli_cpu + 999) / 1000);
  auto taken = take_cpus(layout, layout.all_cpus(), count);
  if (!taken) return base::fail(base::Code::Invalid, "[cpumanager] unable to reserve the required amount of CPUs");
  return *taken;
}

}  // namespace

base::Result<void> check_alignment(const AlignmentOptions& options) {
  if (options.cpu_policy != "none" && options.cpu_policy != "static" && !options.cpu_policy.empty())
    return base::fail(base::Code::Invalid, base::cat({"unknown policy: ", base::quote(options.cpu_policy)}));
  for (const auto& [name, value] : options.cpu_policy_options) {
    if (options.cpu_policy != "static")
      return base::fail(base::Code::Invalid, "cpu manager policy options need the static policy");
    if (name != "full-pcpus-only" && name != "strict-cpu-reservation")
      return base::fail(base::Code::Invalid,
                        base::cat({"unsupported cpumanager option: ", base::quote(name), " (", value, ")"}));
    if (value != "true" && value != "false")
      return base::fail(base::Code::Invalid, base::cat({"bad value for option ", base::quote(name), ": ", value}));
  }
  if (options.cpu_policy == "static" && options.reserved_cpus.empty() && options.reserved_milli_cpu <= 0)
    return base::fail(base::Code::Invalid,
                      "the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero");
  if (options.memory_policy != "None" && options.memory_policy != "Static" && !options.memory_policy.empty())
    return base::fail(base::Code::Invalid, base::cat({"unknown policy: ", base::quote(options.memory_policy)}));
  if (!parse_topology_policy(options.topology_policy))
    return base::fail(base::Code::Invalid, base::cat({"unknown policy: ", base::quote(options.topology_policy)}));
  for (const auto& [name, value] : options.topology_policy_options) {
    if (options.topology_policy == "none" || options.topology_policy.empty())
      return base::fail(base::Code::Invalid, "topology manager policy options need a policy other than none");
    if (name != kNodesMax)
      return base::fail(base::Code::Invalid,
                        base::cat({"unsupported topology manager option: ", base::quote(name), " (", value, ")"}));
  }
  if (auto most = nodes_max(options); !most) return base::fail(most.error());
  if (options.topology_scope != "container" && options.topology_scope != "pod" && !options.topology_scope.empty())
    return base::fail(base::Code::Invalid, base::cat({"unknown scope: ", base::quote(options.topology_scope)}));
  if (auto listed = parse_cpu_list(options.reserved_cpus); !listed) return base::fail(listed.error());
  return {};
}

base::Result<std::unique_ptr<Alignment>> Alignment::create(AlignmentOptions options, const std::string& root_directory,
                                                           int64_t memory_bytes) {
  TRY(check_alignment(options));
  std::unique_ptr<Alignment> out(new Alignment());
  out->policy_ = *parse_topology_policy(options.topology_policy);
  out->pod_scope_ = options.topology_scope == "pod";
  bool exclusive_cpus = options.cpu_policy == "static", exclusive_memory = options.memory_policy == "Static";
  if (!exclusive_cpus && !exclusive_memory && out->policy_ == TopologyPolicy::None) return out;
  TRY(auto layout, read_layout(options.sys_root, memory_bytes));
  out->all_nodes_ = layout.all_nodes();
  TRY(auto most, nodes_max(options));
  if (out->policy_ != TopologyPolicy::None && static_cast<size_t>(std::popcount(layout.all_nodes())) > most)
    return base::fail(base::Code::Invalid,
                      base::cat({"unsupported on machines with more than ", std::to_string(most), " NUMA Nodes"}));
  if (exclusive_cpus) {
    TRY(auto reserved, reserved_cpus(options, layout));
    out->cpus_ = std::make_unique<ExclusiveCpus>(
        layout,
        ExclusiveCpuOptions{.reserved = std::move(reserved),
                            .full_cores = is_on(options, "full-pcpus-only"),
                            .strict_reservation = is_on(options, "strict-cpu-reservation")},
        root_directory + "/cpu_manager_state");
    TRY(out->cpus_->load());
  }
  if (exclusive_memory) {
    out->memory_ =
        std::make_unique<ExclusiveMemory>(layout, options.reserved_memory, root_directory + "/memory_manager_state");
    TRY(out->memory_->load());
  }
  return out;
}

Hints Alignment::hints_of(const core::Pod& pod, const core::Container& container) const {
  Hints out = device_hints_(pod, container);
  if (cpus_ != nullptr)
    if (size_t count = ExclusiveCpus::wanted_by(pod, container); count > 0)
      out["cpu"] = cpus_->hints(pod, container, count);
  if (memory_ != nullptr)
    for (auto& [resource, list] : memory_->hints(pod, container, ExclusiveMemory::wanted_by(pod, container)))
      out[resource] = std::move(list);
  return out;
}

// What the pod needs at the most at one time: its containers together, or an init container.
Hints Alignment::hints_of_all(const core::Pod& pod) const {
  Hints out;
  size_t cpus = 0, first = 0;
  ExclusiveMemory::Amounts memory, first_memory;
  for (const auto& one : pod.spec.containers) {
    cpus += ExclusiveCpus::wanted_by(pod, one);
    for (const auto& [resource, bytes] : ExclusiveMemory::wanted_by(pod, one)) memory[resource] += bytes;
    for (auto& [resource, list] : device_hints_(pod, one)) out[resource] = std::move(list);
  }
  for (const auto& one : pod.spec.init_containers) {
    first = std::max(first, ExclusiveCpus::wanted_by(pod, one));
    for (const auto& [resource, bytes] : ExclusiveMemory::wanted_by(pod, one))
      first_memory[resource] = std::max(first_memory[resource], bytes);
  }
  const core::Container whole;
  if (size_t count = std::max(cpus, first); cpus_ != nullptr && count > 0) out["cpu"] = cpus_->hints(pod, whole, count);
  for (const auto& [resource, bytes] : first_memory) memory[resource] = std::max(memory[resource], bytes);
  if (memory_ != nullptr)
    for (auto& [resource, list] : memory_->hints(pod, whole, memory)) out[resource] = std::move(list);
  return out;
}

base::Result<void> Alignment::give(const core::Pod& pod, const core::Container& container, const Hint& where) {
  chosen_[pod.metadata.uid][container.name] = where;
  if (cpus_ != nullptr) TRY(cpus_->allocate(pod, container, where));
  if (memory_ != nullptr) TRY(memory_->allocate(pod, container, where));
  return {};
}

std::optional<Alignment::Refusal> Alignment::admit(const core::Pod& pod) {
  if (cpus_ == nullptr && memory_ == nullptr && policy_ == TopologyPolicy::None) return {};
  std::optional<Merged> whole;
  if (pod_scope_) whole = merge_hints(hints_of_all(pod), policy_, all_nodes_);
  for (const auto* container : in_order(pod)) {
    auto merged = whole ? *whole : merge_hints(hints_of(pod, *container), policy_, all_nodes_);
    if (!merged.admitted) {
      release(pod.metadata.uid);
      return Refusal{"TopologyAffinityError", "Pod was rejected: Resources cannot be allocated with Topology locality"};
    }
    if (auto given = give(pod, *container, merged.best); !given) {
      release(pod.metadata.uid);
      std::string why(given.error().message());
      if (why.starts_with("SMT Alignment Error")) return Refusal{"SMTAlignmentError", "Pod was rejected: " + why};
      return Refusal{"UnexpectedAdmissionError",
                     base::cat({"Pod was rejected: Allocate failed due to ", why, ", which is unexpected"})};
    }
  }
  if (cpus_ != nullptr) changed_();
  return {};
}

void Alignment::release(const std::string& pod_uid) {
  chosen_.erase(pod_uid);
  if (memory_ != nullptr) memory_->release(pod_uid);
  if (cpus_ == nullptr) return;
  auto before = cpus_->shared();
  cpus_->release(pod_uid);
  if (cpus_->shared() != before) changed_();
}

void Alignment::keep_only(const std::function<bool(const std::string&)>& is_here) {
  std::set<std::string> uids;
  if (cpus_ != nullptr)
    for (auto& uid : cpus_->pods()) uids.insert(std::move(uid));
  if (memory_ != nullptr)
    for (auto& uid : memory_->pods()) uids.insert(std::move(uid));
  for (const auto& uid : uids)
    if (!is_here(uid)) release(uid);
}

std::optional<NodeMask> Alignment::nodes_of(const std::string& pod_uid, const std::string& container) const {
  auto pod = chosen_.find(pod_uid);
  if (pod == chosen_.end()) return {};
  auto found = pod->second.find(container);
  return found == pod->second.end() ? std::nullopt : found->second.nodes;
}

void Alignment::apply(const core::Pod& pod, const core::Container& container,
                      api::cri::LinuxContainerResources& resources) const {
  if (cpus_ != nullptr) resources.cpuset_cpus = to_cpu_list(cpus_->cpus_of(pod.metadata.uid, container.name));
  if (memory_ != nullptr)
    if (NodeMask nodes = memory_->nodes_of(pod.metadata.uid, container.name); nodes != 0)
      resources.cpuset_mems = to_node_list(nodes);
}

}  // namespace kubelet
