#include "kubelet/node/node_status.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {
namespace {

namespace core = api::core_v1;

constexpr const char* kKubeletVersion = "v1.36.2";
constexpr size_t kImagesShown = 50;
constexpr size_t kNamesPerImage = 5;
// Upstream's hard eviction thresholds: from there on the node is under pressure.
constexpr int64_t kMemoryLeast = 100LL << 20;
constexpr int64_t kStorageLeastPercent = 10;
constexpr int64_t kInodesLeastPercent = 5;
constexpr int64_t kProcessesLeastPercent = 10;

std::string runtime_version(const RuntimeInfo& runtime) {
  return runtime.name.empty() ? "" : base::cat({runtime.name, "://", runtime.version});
}

core::NodeCondition condition(std::string type, bool holds, std::string reason, std::string message) {
  core::NodeCondition made;
  made.type = std::move(type);
  made.status = holds ? "True" : "False";
  made.reason = std::move(reason);
  made.message = std::move(message);
  return made;
}

core::NodeCondition ready_condition(const RuntimeInfo& runtime) {
  std::string why;
  if (!runtime.runtime_ready) {
    why = runtime.runtime_message.empty() ? "container runtime is down" : base::cat({"container runtime not ready: ", runtime.runtime_message});
  } else if (!runtime.network_ready) {
    why = base::cat({"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:",
                     runtime.network_message.empty() ? "Network plugin returns error: cni plugin not initialized" : runtime.network_message});
  }
  if (why.empty()) return condition("Ready", true, "KubeletReady", "kubelet is posting ready status");
  return condition("Ready", false, "KubeletNotReady", std::move(why));
}

std::vector<core::NodeCondition> conditions(const NodeFacts& facts) {
  const Pressure& now = facts.pressure;
  bool memory = now.memory_available_bytes != 0 && now.memory_available_bytes < kMemoryLeast;
  bool storage = facts.machine.storage_bytes != 0 && now.storage_available_bytes * 100 < facts.machine.storage_bytes * kStorageLeastPercent;
  bool inodes = now.storage_inodes != 0 && now.storage_inodes_free * 100 < now.storage_inodes * kInodesLeastPercent;
  bool processes = now.processes_max != 0 && (now.processes_max - now.processes) * 100 < now.processes_max * kProcessesLeastPercent;
  return {
      memory ? condition("MemoryPressure", true, "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
             : condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      storage || inodes ? condition("DiskPressure", true, "KubeletHasDiskPressure", "kubelet has disk pressure")
                        : condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      processes ? condition("PIDPressure", true, "KubeletHasInsufficientPID", "kubelet has insufficient PID available")
                : condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      ready_condition(facts.runtime),
  };
}

// Ours replace those of their type, with the transition time kept where the status is; others' stay.
bool merge_conditions(std::vector<core::NodeCondition>& have, const NodeFacts& facts) {
  bool changed = false;
  for (auto& fresh : conditions(facts)) {
    fresh.last_heartbeat_time = facts.now;
    fresh.last_transition_time = facts.now;
    auto old = std::find_if(have.begin(), have.end(), [&](const auto& one) { return one.type == fresh.type; });
    if (old == have.end()) {
      have.push_back(std::move(fresh));
      changed = true;
      continue;
    }
    if (old->status == fresh.status) fresh.last_transition_time = old->last_transition_time;
    changed |= old->status != fresh.status || old->reason != fresh.reason || old->message != fresh.message;
    *old = std::move(fresh);
  }
  return changed;
}

std::vector<core::ContainerImage> image_list(std::vector<cri::Image> images) {
  std::sort(images.begin(), images.end(), [](const auto& a, const auto& b) { return a.size > b.size; });
  if (images.size() > kImagesShown) images.resize(kImagesShown);
  std::vector<core::ContainerImage> list;
  for (const auto& image : images) {
    auto& shown = list.emplace_back();
    shown.names = image.repo_digests;
    shown.names.insert(shown.names.end(), image.repo_tags.begin(), image.repo_tags.end());
    if (shown.names.size() > kNamesPerImage) shown.names.resize(kNamesPerImage);
    shown.size_bytes = static_cast<int64_t>(image.size);
  }
  return list;
}

std::map<std::string, std::string, std::less<>> own_labels(const KubeletOptions& options, const Machine& machine) {
  std::map<std::string, std::string, std::less<>> labels = options.node_labels;
  labels["kubernetes.io/hostname"] = options.node_name;
  labels["kubernetes.io/os"] = "linux";
  labels["kubernetes.io/arch"] = machine.architecture;
  labels["beta.kubernetes.io/os"] = "linux";
  labels["beta.kubernetes.io/arch"] = machine.architecture;
  return labels;
}

}  // namespace

Amounts node_capacity(const KubeletOptions& options, const Machine& machine) {
  using base::Quantity;
  auto kibibytes = [](int64_t bytes) { return Quantity::of(bytes / 1024 * 1024, Quantity::Format::BinarySI); };
  return {{"cpu", Quantity::of(machine.processors)},
          {"memory", kibibytes(machine.memory_bytes)},
          {"ephemeral-storage", kibibytes(machine.storage_bytes)},
          {"hugepages-1Gi", Quantity::of(0)},
          {"hugepages-2Mi", Quantity::of(0)},
          {"pods", Quantity::of(options.pods_max)}};
}

Amounts node_allocatable(const KubeletOptions& options, const Machine& machine) {
  auto amounts = node_capacity(options, machine);
  for (const auto& [name, reserved] : options.reserved) {
    auto found = amounts.find(name);
    if (found != amounts.end()) found->second -= reserved;
  }
  // Hard eviction begins before everything is used up.
  amounts["memory"] -= base::Quantity::of(kMemoryLeast, base::Quantity::Format::BinarySI);
  amounts["ephemeral-storage"] = base::Quantity::of(machine.storage_bytes / 100 * (100 - kStorageLeastPercent));
  return amounts;
}

core::Node make_node(const KubeletOptions& options, const NodeFacts& facts) {
  core::Node node;
  node.metadata.name = options.node_name;
  node.metadata.labels = own_labels(options, facts.machine);
  for (const auto& [text, effect] : options.register_with_taints) {
    auto& taint = node.spec.taints.emplace_back();
    auto equals = text.find('=');
    taint.key = text.substr(0, equals);
    if (equals != std::string::npos) taint.value = text.substr(equals + 1);
    taint.effect = effect;
  }
  update_node(node, options, facts);
  return node;
}

bool update_node(core::Node& node, const KubeletOptions& options, const NodeFacts& facts) {
  core::NodeStatus before = node.status;
  auto& status = node.status;
  status.capacity = node_capacity(options, facts.machine);
  status.allocatable = node_allocatable(options, facts.machine);
  status.addresses.clear();
  for (const auto& address : options.node_addresses) {
    auto& listed = status.addresses.emplace_back();
    listed.type = "InternalIP";
    listed.address = address;
  }
  auto& name = status.addresses.emplace_back();
  name.type = "Hostname";
  name.address = options.node_name;
  status.daemon_endpoints.kubelet_endpoint.port = options.port;
  auto& info = status.node_info;
  info.machine_id = facts.machine.machine_id;
  info.system_uuid = facts.machine.system_uuid;
  info.boot_id = facts.machine.boot_id;
  info.kernel_version = facts.machine.kernel_version;
  info.os_image = facts.machine.os_image;
  info.container_runtime_version = runtime_version(facts.runtime);
  info.kubelet_version = kKubeletVersion;
  info.operating_system = "linux";
  info.architecture = facts.machine.architecture;
  status.images = image_list(facts.images);
  bool changed = merge_conditions(status.conditions, facts);
  before.conditions = status.conditions;
  return changed || !(before == status);
}

}  // namespace kubelet
