#include "kubelet/node/node_object.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "placement/declared_features.h"

namespace kubelet {
namespace {

constexpr size_t kNamesPerImageMax = 5;

struct PressureRow {
  struct Words {
    const char *reason, *message, *event;
  };
  const char* condition;
  Words present, absent;
};
constexpr std::array<PressureRow, 3> kPressures = {
    {{.condition = "MemoryPressure",
      .present = {"KubeletHasInsufficientMemory", "kubelet has insufficient memory available",
                  "NodeHasInsufficientMemory"},
      .absent = {"KubeletHasSufficientMemory", "kubelet has sufficient memory available", "NodeHasSufficientMemory"}},
     {.condition = "DiskPressure",
      .present = {"KubeletHasDiskPressure", "kubelet has disk pressure", "NodeHasDiskPressure"},
      .absent = {"KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"}},
     {.condition = "PIDPressure",
      .present = {"KubeletHasInsufficientPID", "kubelet has insufficient PID available", "NodeHasInsufficientPID"},
      .absent = {"KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"}}}};

bool holds(const core::Node& node, std::string_view type) {
  return std::ranges::any_of(node.status.conditions,
                             [&](auto& one) { return one.type == type && one.status == "True"; });
}

void set_condition(core::NodeStatus& status, const std::string& type, bool holds, std::string reason,
                   std::string message, base::Time now) {
  auto found = std::ranges::find_if(status.conditions, [&](auto& one) { return one.type == type; });
  if (found == status.conditions.end()) {
    status.conditions.emplace_back().type = type;
    found = status.conditions.end() - 1;
    found->last_transition_time = now;
  }
  std::string value = holds ? "True" : "False";
  if (found->status != value) found->last_transition_time = now;
  found->status = value;
  found->reason = std::move(reason);
  found->message = std::move(message);
  found->last_heartbeat_time = now;
}

std::map<std::string, std::string, std::less<>> labels_of(const NodeFacts& facts) {
  auto& info = facts.machine.info;
  std::map<std::string, std::string, std::less<>> out = {{"beta.kubernetes.io/arch", info.architecture},
                                                         {"beta.kubernetes.io/os", info.operating_system},
                                                         {"kubernetes.io/arch", info.architecture},
                                                         {"kubernetes.io/os", info.operating_system},
                                                         {"kubernetes.io/hostname", facts.options.node_name}};
  for (auto& [key, value] : facts.options.node_labels) out[key] = value;
  return out;
}

std::vector<core::ContainerImage> images_of(const std::vector<cri::Image>& images, int32_t most) {
  std::vector<core::ContainerImage> out;
  for (auto& image : images) {
    core::ContainerImage one;
    for (auto* names : {&image.repo_digests, &image.repo_tags})
      for (auto& name : *names)
        if (one.names.size() < kNamesPerImageMax) one.names.push_back(name);
    one.size_bytes = static_cast<int64_t>(image.size);
    if (!one.names.empty()) out.push_back(std::move(one));
  }
  std::ranges::sort(out, [](auto& a, auto& b) {
    return a.size_bytes != b.size_bytes ? a.size_bytes > b.size_bytes : a.names < b.names;
  });
  if (most >= 0 && out.size() > static_cast<size_t>(most)) out.resize(static_cast<size_t>(most));
  return out;
}

// Of somebody else's domain: "example.com/dongle".
bool is_extended(std::string_view resource) {
  auto slash = resource.find('/');
  return slash != resource.npos && !resource.substr(0, slash).ends_with("kubernetes.io");
}

// Pods may have all there is of what others say the node has.
void follow_extended_capacity(core::NodeStatus& status) {
  std::erase_if(status.allocatable,
                [&](const auto& one) { return is_extended(one.first) && !status.capacity.contains(one.first); });
  for (const auto& [name, amount] : status.capacity) {
    if (is_extended(name)) status.allocatable[name] = amount;
  }
}

// What the runtime can do, as far as it tells.
void add_features(core::NodeStatus& status, const RuntimeInfo& runtime) {
  status.runtime_handlers.clear();
  for (const auto& handler : runtime.handlers) {
    auto& one = status.runtime_handlers.emplace_back();
    one.name = handler.name;
    if (!handler.features) continue;
    auto& features = one.features.emplace();
    features.recursive_read_only_mounts = handler.features->recursive_read_only_mounts;
    features.user_namespaces = handler.features->user_namespaces;
  }
  status.features = {};
  if (runtime.supplemental_groups_policy)
    status.features.emplace().supplemental_groups_policy = runtime.supplemental_groups_policy;
}

}  // namespace

core::Node make_node(const NodeFacts& facts) {
  core::Node node;
  node.metadata.name = facts.options.node_name;
  node.metadata.annotations["volumes.kubernetes.io/controller-managed-attach-detach"] = "true";
  node.spec.provider_id = facts.options.provider_id;
  for (auto& [key, effect] : facts.options.register_with_taints) {
    auto& taint = node.spec.taints.emplace_back();
    taint.key = key.substr(0, key.find('='));
    if (key.contains('=')) taint.value = key.substr(key.find('=') + 1);
    taint.effect = effect;
  }
  return update_node(std::move(node), facts);
}

core::Node update_node(core::Node node, const NodeFacts& facts) {
  for (auto& [key, value] : labels_of(facts)) node.metadata.labels[key] = value;
  auto& status = node.status;
  auto now = base::Time::from_ns(facts.now_ns).truncated_to_seconds();
  // What others added stays.
  for (auto& [name, amount] : node_capacity(facts.machine, facts.options.pods_max)) status.capacity[name] = amount;
  follow_extended_capacity(status);
  for (auto& [name, amount] : facts.allocatable) status.allocatable[name] = amount;
  for (const auto& [name, count] : facts.devices.capacity) status.capacity[name] = base::Quantity::of(count);
  for (const auto& [name, count] : facts.devices.allocatable) status.allocatable[name] = base::Quantity::of(count);
  status.addresses.clear();
  for (auto& address : facts.addresses) {
    auto& one = status.addresses.emplace_back();
    one.type = "InternalIP";
    one.address = address;
  }
  auto& hostname = status.addresses.emplace_back();
  hostname.type = "Hostname";
  hostname.address = facts.options.node_name;
  status.daemon_endpoints.kubelet_endpoint.port = facts.options.serve ? facts.options.port : 0;
  std::string runtime_version = status.node_info.container_runtime_version;
  status.node_info = facts.machine.info;
  status.node_info.kubelet_version = kKubeletVersion;
  status.node_info.container_runtime_version =
      facts.runtime ? facts.runtime->name + "://" + facts.runtime->version : runtime_version;
  status.declared_features.assign(placement::declared_features().begin(), placement::declared_features().end());
  if (facts.runtime) add_features(status, *facts.runtime);
  if (!facts.images.empty() || status.images.empty())
    status.images = images_of(facts.images, facts.options.status_images_max);

  for (const auto& row : kPressures) {
    bool holds = facts.pressures.contains(row.condition);
    const auto& words = holds ? row.present : row.absent;
    set_condition(status, row.condition, holds, words.reason, words.message, now);
  }
  std::vector<std::string> problems;
  if (!facts.runtime) {
    problems.push_back("container runtime is down: " + facts.runtime_error);
  } else {
    if (!facts.runtime->runtime_ready)
      problems.push_back("container runtime not ready: " + facts.runtime->runtime_message);
    if (!facts.runtime->network_ready)
      problems.push_back("container runtime network not ready: NetworkReady=false message:" +
                         facts.runtime->network_message);
  }
  if (facts.shutting_down) problems.emplace_back("node is shutting down");
  if (problems.empty()) {
    set_condition(status, "Ready", true, "KubeletReady", "kubelet is posting ready status", now);
  } else {
    set_condition(status, "Ready", false, "KubeletNotReady", "[" + base::join(problems, ", ") + "]", now);
    if (problems.size() == 1) status.conditions.back().message = problems.front();
  }
  return node;
}

std::vector<std::string> condition_changes(const core::Node* before, const core::Node& now) {
  std::vector<std::string> out;
  for (const auto& row : kPressures) {
    bool is = holds(now, row.condition);
    if (before == nullptr || is != holds(*before, row.condition))
      out.emplace_back(is ? row.present.event : row.absent.event);
  }
  bool ready = holds(now, "Ready");
  if (before == nullptr || ready != holds(*before, "Ready")) out.emplace_back(ready ? "NodeReady" : "NodeNotReady");
  return out;
}

bool has_new_resources(const core::Node& node, const DeviceAmounts& devices) {
  core::NodeStatus followed = node.status;
  follow_extended_capacity(followed);
  // Of our own devices some may be out of order.
  for (const auto& [name, count] : devices.capacity)
    if (auto told = node.status.allocatable.find(name); told != node.status.allocatable.end())
      followed.allocatable[name] = told->second;
  return followed.allocatable != node.status.allocatable;
}

bool same_node(const core::Node& a, const core::Node& b) {
  if (a.metadata.labels != b.metadata.labels || a.status.conditions.size() != b.status.conditions.size()) return false;
  core::NodeStatus left = a.status, right = b.status;
  for (auto* status : {&left, &right})
    for (auto& condition : status->conditions) condition.last_heartbeat_time = {};
  return left == right;
}

}  // namespace kubelet
