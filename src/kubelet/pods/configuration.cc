#include "kubelet/pods/configuration.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"
#include "kubelet/pods/expansion.h"
#include "kubelet/pods/resources.h"
#include "kubelet/runtime/records.h"

namespace kubelet {
namespace {

namespace cri = ::api::cri;

cri::SecurityProfile profile(std::string_view type, const std::optional<std::string>& localhost,
                             const std::string& root) {
  cri::SecurityProfile out;
  if (type == "Unconfined") out.profile_type = cri::SecurityProfile::ProfileType::Unconfined;
  if (type == "RuntimeDefault") out.profile_type = cri::SecurityProfile::ProfileType::RuntimeDefault;
  if (type == "Localhost") {
    out.profile_type = cri::SecurityProfile::ProfileType::Localhost;
    out.localhost_ref = root.empty() ? localhost.value_or("") : root + "/" + localhost.value_or("");
  }
  return out;
}

// Root in the pod is the first of its ids on the node.
std::vector<cri::IDMapping> mapping_of(const IdRange& ids) {
  cri::IDMapping out;
  out.host_id = ids.first;
  out.length = ids.length;
  return {out};
}

cri::NamespaceOption namespaces(const core::Pod& pod, const std::optional<IdRange>& user_ids) {
  cri::NamespaceOption out;
  auto& users = out.userns_options.emplace();
  users.mode = user_ids ? cri::NamespaceMode::Pod : cri::NamespaceMode::Node;
  if (user_ids) users.uids = users.gids = mapping_of(*user_ids);
  out.network = pod.spec.host_network ? cri::NamespaceMode::Node : cri::NamespaceMode::Pod;
  out.ipc = pod.spec.host_ipc ? cri::NamespaceMode::Node : cri::NamespaceMode::Pod;
  out.pid = pod.spec.host_pid                                  ? cri::NamespaceMode::Node
            : pod.spec.share_process_namespace.value_or(false) ? cri::NamespaceMode::Pod
                                                               : cri::NamespaceMode::Container;
  return out;
}

bool is_privileged(const core::Container& container) {
  return container.security_context && container.security_context->privileged.value_or(false);
}

cri::Protocol protocol_of(const std::string& name) {
  return name == "UDP" ? cri::Protocol::Udp : name == "SCTP" ? cri::Protocol::Sctp : cri::Protocol::Tcp;
}

std::map<std::string, std::string, std::less<>> labels_of(const core::Pod& pod) {
  return {{std::string(kPodNameLabel), pod.metadata.name},
          {std::string(kPodNamespaceLabel), pod.metadata.namespace_},
          {std::string(kPodUidLabel), pod.metadata.uid}};
}

}  // namespace

std::string container_log_path(const std::string& container, int32_t attempt) {
  return container + "/" + std::to_string(attempt) + ".log";
}

cri::PodSandboxConfig sandbox_config(const SandboxInput& input) {
  auto& pod = input.pod;
  cri::PodSandboxConfig out;
  auto& metadata = out.metadata.emplace();
  metadata.name = pod.metadata.name;
  metadata.uid = pod.metadata.uid;
  metadata.namespace_ = pod.metadata.namespace_;
  metadata.attempt = input.attempt;
  out.log_directory =
      input.log_root + "/" + log_directory_name(pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid);
  if (!pod.spec.host_network) out.hostname = pod_names(pod, input.dns.cluster_domain).shown;
  out.dns_config = pod_dns(pod, input.dns).config;
  for (auto& container : pod.spec.containers)
    for (auto& port : container.ports) {
      // A pod in the node's network has its ports there anyway.
      if (port.host_port == 0 || pod.spec.host_network) continue;
      cri::PortMapping mapping;
      mapping.protocol = protocol_of(port.protocol);
      mapping.container_port = port.container_port;
      mapping.host_port = port.host_port;
      mapping.host_ip = port.host_ip;
      out.port_mappings.push_back(std::move(mapping));
    }
  for (auto& [key, value] : pod.metadata.labels) out.labels[key] = value;
  for (auto& [key, value] : labels_of(pod)) out.labels[key] = value;
  for (auto& [key, value] : pod.metadata.annotations) out.annotations[key] = value;
  out.annotations.try_emplace(std::string(kConfigSourceAnnotation), "api");

  auto& linux = out.linux.emplace();
  linux.cgroup_parent = input.cgroup_parent;
  auto& security = linux.security_context.emplace();
  security.namespace_options = namespaces(pod, input.user_ids);
  security.privileged = std::ranges::any_of(pod.spec.containers, is_privileged) ||
                        std::ranges::any_of(pod.spec.init_containers, is_privileged);
  security.seccomp.emplace().profile_type = cri::SecurityProfile::ProfileType::RuntimeDefault;
  if (pod.spec.security_context) {
    auto& context = *pod.spec.security_context;
    if (context.run_as_user) security.run_as_user.emplace().value = *context.run_as_user;
    if (context.run_as_group) security.run_as_group.emplace().value = *context.run_as_group;
    security.supplemental_groups = context.supplemental_groups;
    if (context.fs_group) security.supplemental_groups.push_back(*context.fs_group);
    for (auto& sysctl : context.sysctls) linux.sysctls[sysctl.name] = sysctl.value;
    if (context.seccomp_profile && context.seccomp_profile->type != "Localhost")
      security.seccomp = profile(context.seccomp_profile->type, {}, "");
  }
  return out;
}

namespace {

base::Result<void> check_non_root(const ContainerInput& input, const std::optional<int64_t>& user) {
  auto& image = input.image;
  std::string name = " (pod: \"" + pod_text(input.pod) + "\", container: " + input.container.name + ")";
  if (user) {
    if (*user == 0) return base::fail(base::Code::Forbidden, "container's runAsUser breaks non-root policy" + name);
    return {};
  }
  if (image.uid) {
    if (image.uid->value == 0)
      return base::fail(base::Code::Forbidden, "container has runAsNonRoot and image will run as root" + name);
    return {};
  }
  if (!image.username.empty())
    return base::fail(base::Code::Forbidden, "container has runAsNonRoot and image has non-numeric user (" +
                                                 image.username + "), cannot verify user is non-root" + name);
  return base::fail(base::Code::Forbidden, "container has runAsNonRoot and image will run as root" + name);
}

base::Result<cri::LinuxContainerSecurityContext> security_of(const ContainerInput& input) {
  static const core::SecurityContext kNone;
  static const core::PodSecurityContext kNoPod;
  auto& own = input.container.security_context ? *input.container.security_context : kNone;
  auto& whole = input.pod.spec.security_context ? *input.pod.spec.security_context : kNoPod;
  cri::LinuxContainerSecurityContext out;
  out.namespace_options = namespaces(input.pod, input.user_ids);
  if (!input.target_id.empty()) {
    out.namespace_options->pid = cri::NamespaceMode::Target;
    out.namespace_options->target_id = input.target_id;
  }
  out.privileged = own.privileged.value_or(false);
  out.readonly_rootfs = own.read_only_root_filesystem.value_or(false);
  // Where allowPrivilegeEscalation is not said it is allowed.
  out.no_new_privs = own.allow_privilege_escalation.has_value() && !*own.allow_privilege_escalation;

  auto user = own.run_as_user ? own.run_as_user : whole.run_as_user;
  auto group = own.run_as_group ? own.run_as_group : whole.run_as_group;
  auto non_root = own.run_as_non_root ? own.run_as_non_root : whole.run_as_non_root;
  if (non_root.value_or(false)) TRY(check_non_root(input, user));
  if (user) {
    out.run_as_user.emplace().value = *user;
  } else if (input.image.uid) {
    out.run_as_user.emplace().value = input.image.uid->value;
  } else {
    out.run_as_username = input.image.username;
  }
  if (group) out.run_as_group.emplace().value = *group;
  out.supplemental_groups = whole.supplemental_groups;
  if (whole.fs_group) out.supplemental_groups.push_back(*whole.fs_group);
  out.supplemental_groups.insert(out.supplemental_groups.end(), input.extra_groups.begin(), input.extra_groups.end());
  if (whole.supplemental_groups_policy && *whole.supplemental_groups_policy == "Strict")
    out.supplemental_groups_policy = cri::SupplementalGroupsPolicy::Strict;

  if (own.capabilities) {
    auto& capabilities = out.capabilities.emplace();
    capabilities.add_capabilities = own.capabilities->add;
    capabilities.drop_capabilities = own.capabilities->drop;
  }
  auto& seccomp = own.seccomp_profile ? own.seccomp_profile : whole.seccomp_profile;
  std::string_view unsaid = input.rules.seccomp_default ? "RuntimeDefault" : "Unconfined";
  out.seccomp =
      seccomp ? profile(seccomp->type, seccomp->localhost_profile, input.seccomp_root) : profile(unsaid, {}, "");
  if (out.privileged) out.seccomp = profile("Unconfined", {}, "");
  auto& apparmor = own.app_armor_profile ? own.app_armor_profile : whole.app_armor_profile;
  if (apparmor) {
    out.apparmor = profile(apparmor->type, apparmor->localhost_profile, "");
    out.apparmor_profile = apparmor->type == "Unconfined"  ? "unconfined"
                           : apparmor->type == "Localhost" ? "localhost/" + apparmor->localhost_profile.value_or("")
                                                           : "runtime/default";
  }
  bool unmasked = own.proc_mount && *own.proc_mount == "Unmasked";
  if (!unmasked && !out.privileged) {
    out.masked_paths = {"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
                        "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
                        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                        "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
    out.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  }
  return out;
}

// Whether all that is mounted below is to be read-only too. Invalid when it is to be and cannot.
base::Result<bool> is_recursive_read_only(const core::VolumeMount& mount, bool runtime_can) {
  std::string mode = mount.recursive_read_only.value_or("Disabled");
  if (mode == "Disabled") return false;
  auto no = [&](std::initializer_list<std::string_view> why) {
    return base::fail(base::Code::Invalid,
                      base::cat({"failed to resolve recursive read-only mode: volume ", base::quote(mount.name),
                                 " requested recursive read-only mode, but it is not ", base::cat(why)}));
  };
  if (!mount.read_only) return no({"read-only"});
  if (mount.mount_propagation && *mount.mount_propagation != "None")
    return no({"compatible with propagation ", base::quote(*mount.mount_propagation)});
  if (mode == "Enabled" && !runtime_can) return no({"supported by the runtime"});
  return runtime_can;
}

// What is in an image can be read and nothing else.
cri::Mount image_mount(const core::VolumeMount& mount, const cri::Image& image, const std::string& sub_path) {
  cri::Mount made;
  made.container_path = mount.mount_path.starts_with('/') ? mount.mount_path : "/" + mount.mount_path;
  made.readonly = true;
  auto& source = made.image.emplace();
  source.image = image.id;
  if (!image.repo_tags.empty()) source.user_specified_image = image.repo_tags.front();
  made.image_sub_path = sub_path;
  return made;
}

base::Result<void> add_devices(const ContainerInput& input, cri::ContainerConfig& out) {
  for (auto& device : input.container.volume_devices) {
    auto volume = input.volumes.find(device.name);
    if (volume == input.volumes.end())
      return base::fail(base::Code::NotFound, "cannot find volume " + base::quote(device.name) +
                                                  " to pass into container " + base::quote(input.container.name));
    cri::Device one;
    one.container_path = device.device_path;
    one.host_path = volume->second;
    one.permissions = "mrw";
    for (auto& of_pod : input.pod.spec.volumes)
      if (of_pod.name == device.name && of_pod.persistent_volume_claim && of_pod.persistent_volume_claim->read_only)
        one.permissions = "r";
    out.devices.push_back(std::move(one));
  }
  return {};
}

base::Result<void> add_mounts(const ContainerInput& input, cri::ContainerConfig& out) {
  auto& mounts = input.container.volume_mounts;
  bool own_hosts = false;
  for (size_t i = 0; i < mounts.size(); ++i) {
    auto& mount = mounts[i];
    if (auto image = input.image_volumes.find(mount.name); image != input.image_volumes.end()) {
      auto inside = input.sub_paths.find(i);
      out.mounts.push_back(
          image_mount(mount, image->second, inside == input.sub_paths.end() ? mount.sub_path : inside->second));
      continue;
    }
    auto volume = input.volumes.find(mount.name);
    if (volume == input.volumes.end())
      return base::fail(base::Code::NotFound, "cannot find volume " + base::quote(mount.name) +
                                                  " to mount into container " + base::quote(input.container.name));
    auto sub_path = input.sub_paths.find(i);
    cri::Mount one;
    one.container_path = mount.mount_path.starts_with('/') ? mount.mount_path : "/" + mount.mount_path;
    one.host_path = sub_path != input.sub_paths.end() ? sub_path->second : volume->second;
    one.readonly = mount.read_only;
    TRY(one.recursive_read_only, is_recursive_read_only(mount, input.recursive_read_only_mounts));
    if (mount.mount_propagation) {
      if (*mount.mount_propagation == "HostToContainer")
        one.propagation = cri::MountPropagation::PropagationHostToContainer;
      if (*mount.mount_propagation == "Bidirectional")
        one.propagation = cri::MountPropagation::PropagationBidirectional;
    }
    if (one.container_path == "/etc/hosts") own_hosts = true;
    out.mounts.push_back(std::move(one));
  }
  if (!own_hosts && !input.hosts_file.empty()) {
    cri::Mount hosts;
    hosts.container_path = "/etc/hosts";
    hosts.host_path = input.hosts_file;
    hosts.readonly =
        input.container.security_context && input.container.security_context->read_only_root_filesystem.value_or(false);
    out.mounts.push_back(std::move(hosts));
  }
  if (!input.termination_message_file.empty()) {
    cri::Mount message;
    message.container_path = input.container.termination_message_path;
    message.host_path = input.termination_message_file;
    out.mounts.push_back(std::move(message));
  }
  // The files keep the owners that they have in the pod: the mounts are mapped, not the files.
  if (input.user_ids)
    for (auto& mount : out.mounts) mount.uid_mappings = mount.gid_mappings = mapping_of(*input.user_ids);
  return {};
}

}  // namespace

base::Result<cri::ContainerConfig> container_config(const ContainerInput& input) {
  auto& container = input.container;
  cri::ContainerConfig out;
  auto& metadata = out.metadata.emplace();
  metadata.name = container.name;
  metadata.attempt = static_cast<uint32_t>(input.attempt);
  auto& image = out.image.emplace();
  image.image = input.image.id.empty() ? container.image : input.image.id;
  image.user_specified_image = container.image;
  Variables variables = [&](std::string_view name) -> std::optional<std::string> {
    for (auto& [key, value] : input.environment)
      if (key == name) return value;
    return {};
  };
  for (auto& word : container.command) out.command.push_back(expand(word, variables));
  for (auto& word : container.args) out.args.push_back(expand(word, variables));
  out.working_dir = container.working_dir;
  for (auto& [key, value] : input.environment) {
    cri::KeyValue pair;
    pair.key = key;
    pair.value = value;
    out.envs.push_back(std::move(pair));
  }
  TRY(add_mounts(input, out));
  TRY(add_devices(input, out));
  out.labels = labels_of(input.pod);
  out.labels[std::string(kContainerNameLabel)] = container.name;
  out.annotations[std::string(kHashAnnotation)] = container_hash(container);
  out.annotations[std::string(kRestartCountAnnotation)] = std::to_string(input.attempt);
  out.annotations[std::string(kMessagePathAnnotation)] = container.termination_message_path;
  out.annotations[std::string(kMessagePolicyAnnotation)] = container.termination_message_policy;
  if (input.pod.spec.termination_grace_period_seconds)
    out.annotations[std::string(kGraceAnnotation)] = std::to_string(*input.pod.spec.termination_grace_period_seconds);
  out.log_path = container_log_path(container.name, input.attempt);
  out.stdin = container.stdin;
  out.stdin_once = container.stdin_once;
  out.tty = container.tty;
  auto& linux = out.linux.emplace();
  linux.resources = container_resources(input.pod, container, input.rules);
  TRY(auto security, security_of(input));
  linux.security_context = std::move(security);
  return out;
}

}  // namespace kubelet
