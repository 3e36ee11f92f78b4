#include "kubelet/runtime/docker/requests.h"

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"

namespace kubelet::docker {
namespace {

// The Engine knows a slice by its name alone.
std::string cgroup_parent(const cri::LinuxPodSandboxConfig& linux) {
  const auto& parent = linux.cgroup_parent;
  return parent.ends_with(".slice") ? parent.substr(parent.rfind('/') + 1) : parent;
}

using schema::Members;
using schema::Value;

constexpr int64_t kSandboxOomScoreAdj = -998;
constexpr int64_t kSandboxCpuShares = 2;
constexpr int64_t kSharedMemoryBytes = 64 << 20;

// By the numbers of cri::Signal.
constexpr std::string_view kSignals[] = {
    "",        "SIGABRT", "SIGALRM",   "SIGBUS",  "SIGCHLD",   "SIGCLD",   "SIGCONT", "SIGFPE",  "SIGHUP",
    "SIGILL",  "SIGINT",  "SIGIO",     "SIGIOT",  "SIGKILL",   "SIGPIPE",  "SIGPOLL", "SIGPROF", "SIGPWR",
    "SIGQUIT", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS",    "SIGTERM",  "SIGTRAP", "SIGTSTP", "SIGTTIN",
    "SIGTTOU", "SIGURG",  "SIGUSR1",   "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ"};

std::string signal_name(cri::Signal signal) {
  auto number = static_cast<size_t>(signal);
  if (number < std::size(kSignals)) return std::string(kSignals[number]);
  auto first = static_cast<size_t>(cri::Signal::Sigrtmin);
  auto half = static_cast<size_t>(cri::Signal::Sigrtmaxminus14);
  if (number < half) return number == first ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(number - first);
  auto left = static_cast<size_t>(cri::Signal::Sigrtmax) - number;
  return left == 0 ? "SIGRTMAX" : "SIGRTMAX-" + std::to_string(left);
}

Value strings(const std::vector<std::string>& texts) {
  Value::Array out;
  for (const auto& text : texts) out.emplace_back(text);
  return Value(std::move(out));
}

base::Result<void> add_seccomp(const cri::SecurityProfile* profile, Value::Array& options) {
  if (profile == nullptr) return {};
  if (profile->profile_type == cri::SecurityProfile::ProfileType::Unconfined)
    options.emplace_back("seccomp=unconfined");
  if (profile->profile_type == cri::SecurityProfile::ProfileType::Localhost) {
    // The Engine takes the profile itself, not its name.
    auto text = base::read_file(profile->localhost_ref, 1 << 20);
    if (!text) return base::fail(text.error().with_context("seccomp profile " + profile->localhost_ref));
    options.emplace_back("seccomp=" + *text);
  }
  return {};
}

void add_apparmor(const cri::SecurityProfile* profile, Value::Array& options) {
  if (profile == nullptr) return;
  if (profile->profile_type == cri::SecurityProfile::ProfileType::Unconfined)
    options.emplace_back("apparmor=unconfined");
  if (profile->profile_type == cri::SecurityProfile::ProfileType::Localhost)
    options.emplace_back("apparmor=" + profile->localhost_ref);
}

void add_selinux(const cri::SELinuxOption* labels, Value::Array& options) {
  if (labels == nullptr) return;
  auto add = [&options](std::string_view name, const std::string& value) {
    if (!value.empty()) options.emplace_back(base::cat({"label=", name, ":", value}));
  };
  add("user", labels->user);
  add("role", labels->role);
  add("type", labels->type);
  add("level", labels->level);
}

// "1000", "1000:2000", "name"; "" leaves it to the image.
std::string user_of(const cri::Int64Value* user, const std::string& name, const cri::Int64Value* group) {
  std::string out = user != nullptr ? std::to_string(user->value) : name;
  if (!out.empty() && group != nullptr) out += ":" + std::to_string(group->value);
  return out;
}

Value groups(const std::vector<int64_t>& numbers) {
  Value::Array out;
  for (auto number : numbers) out.emplace_back(std::to_string(number));
  return Value(std::move(out));
}

void add_resources(const cri::LinuxContainerResources& resources, Members& out) {
  if (resources.cpu_shares > 0) out.set("CpuShares", resources.cpu_shares);
  if (resources.cpu_quota != 0) {
    out.set("CpuQuota", resources.cpu_quota);
    out.set("CpuPeriod", resources.cpu_period);
  }
  if (resources.memory_limit_in_bytes != 0) {
    out.set("Memory", resources.memory_limit_in_bytes);
    // Without a word the Engine would allow as much swap again.
    out.set("MemorySwap", resources.memory_swap_limit_in_bytes != 0 ? resources.memory_swap_limit_in_bytes
                                                                    : resources.memory_limit_in_bytes);
  }
  if (!resources.cpuset_cpus.empty()) out.set("CpusetCpus", resources.cpuset_cpus);
  if (!resources.cpuset_mems.empty()) out.set("CpusetMems", resources.cpuset_mems);
}

base::Result<Value> mounts_of(const std::vector<cri::Mount>& mounts) {
  Value::Array out;
  for (const auto& mount : mounts) {
    if (mount.image)
      return base::fail(base::Code::BadRequest, "volumes of type image need a runtime that is spoken to over the CRI");
    std::string propagation = mount.propagation == cri::MountPropagation::PropagationBidirectional     ? "rshared"
                              : mount.propagation == cri::MountPropagation::PropagationHostToContainer ? "rslave"
                                                                                                       : "rprivate";
    auto options = Value::object({{"Propagation", propagation}});
    if (mount.readonly)
      options.as_object().set(mount.recursive_read_only ? "ReadOnlyForceRecursive" : "ReadOnlyNonRecursive", true);
    out.push_back(Value::object({{"Type", "bind"},
                                 {"Source", mount.host_path},
                                 {"Target", mount.container_path},
                                 {"ReadOnly", mount.readonly},
                                 {"BindOptions", std::move(options)}}));
  }
  return Value(std::move(out));
}

Value devices_of(const std::vector<cri::Device>& devices) {
  Value::Array out;
  for (const auto& device : devices)
    out.push_back(Value::object({{"PathOnHost", device.host_path},
                                 {"PathInContainer", device.container_path},
                                 {"CgroupPermissions", device.permissions.empty() ? "mrw" : device.permissions}}));
  return Value(std::move(out));
}

void add_namespaces(const std::string& sandbox_id, const cri::NamespaceOption* given, Members& host) {
  static const cri::NamespaceOption kNone;
  const auto& options = given != nullptr ? *given : kNone;
  std::string sandbox = "container:" + sandbox_id;
  host.set("NetworkMode", sandbox);
  host.set("IpcMode", options.ipc == cri::NamespaceMode::Node ? "host" : sandbox);
  if (options.network == cri::NamespaceMode::Node) host.set("UTSMode", "host");
  switch (options.pid) {
    case cri::NamespaceMode::Node:
      host.set("PidMode", "host");
      break;
    case cri::NamespaceMode::Pod:
      host.set("PidMode", sandbox);
      break;
    case cri::NamespaceMode::Target:
      host.set("PidMode", "container:" + options.target_id);
      break;
    case cri::NamespaceMode::Container:
      break;  // its own, which is the Engine's default
  }
}

base::Result<void> add_security(const cri::LinuxContainerSecurityContext& security, Members& body, Members& host) {
  Value::Array options;
  TRY(add_seccomp(security.seccomp.get(), options));
  add_apparmor(security.apparmor.get(), options);
  add_selinux(security.selinux_options.get(), options);
  if (security.no_new_privs) options.emplace_back("no-new-privileges");
  host.set("SecurityOpt", Value(std::move(options)));
  host.set("Privileged", security.privileged);
  host.set("ReadonlyRootfs", security.readonly_rootfs);
  host.set("GroupAdd", groups(security.supplemental_groups));
  if (!security.privileged) {
    host.set("MaskedPaths", strings(security.masked_paths));
    host.set("ReadonlyPaths", strings(security.readonly_paths));
  }
  if (security.capabilities) {
    host.set("CapAdd", strings(security.capabilities->add_capabilities));
    host.set("CapDrop", strings(security.capabilities->drop_capabilities));
  }
  auto user = user_of(security.run_as_user.get(), security.run_as_username, security.run_as_group.get());
  if (!user.empty()) body.set("User", user);
  return {};
}

}  // namespace

bool is_in_node_network(const cri::PodSandboxConfig& config) {
  return config.linux && config.linux->security_context && config.linux->security_context->namespace_options &&
         config.linux->security_context->namespace_options->network == cri::NamespaceMode::Node;
}

base::Result<Value> sandbox_request(const cri::PodSandboxConfig& config, const std::string& handler,
                                    const Surroundings& surroundings) {
  Labels labels = config.labels;
  labels[std::string(kTypeLabel)] = kSandboxType;
  labels[std::string(kCreatedLabel)] = std::to_string(surroundings.now_ns);
  bool node_network = is_in_node_network(config);
  Members body, host;
  body.set("Image", surroundings.sandbox_image);
  body.set("Labels", to_labels(labels, config.annotations));
  if (!node_network && !config.hostname.empty()) body.set("Hostname", config.hostname);
  host.set("NetworkMode", node_network ? "host" : "none");
  if (node_network) host.set("UTSMode", "host");
  host.set("IpcMode", "shareable");
  host.set("ReadonlyRootfs", true);
  host.set("LogConfig", Value::object({{"Type", "none"}}));
  host.set("ShmSize", kSharedMemoryBytes);
  host.set("CpuShares", kSandboxCpuShares);
  host.set("OomScoreAdj", std::max(kSandboxOomScoreAdj, surroundings.oom_score_adj_min));
  if (!handler.empty()) host.set("Runtime", handler);
  Value::Array options;
  options.emplace_back("no-new-privileges");
  if (config.linux) {
    if (!config.linux->cgroup_parent.empty()) host.set("CgroupParent", cgroup_parent(*config.linux));
    Members sysctls;
    for (const auto& [name, value] : config.linux->sysctls) sysctls.set(name, value);
    if (!sysctls.empty()) host.set("Sysctls", Value(std::move(sysctls)));
    if (config.linux->security_context) {
      const auto& security = *config.linux->security_context;
      TRY(add_seccomp(security.seccomp.get(), options));
      add_selinux(security.selinux_options.get(), options);
      if (security.namespace_options) {
        if (security.namespace_options->pid == cri::NamespaceMode::Node) host.set("PidMode", "host");
        if (security.namespace_options->ipc == cri::NamespaceMode::Node) host.set("IpcMode", "host");
      }
      auto user = user_of(security.run_as_user.get(), "", security.run_as_group.get());
      if (!user.empty()) body.set("User", user);
      host.set("GroupAdd", groups(security.supplemental_groups));
    }
  }
  host.set("SecurityOpt", Value(std::move(options)));
  body.set("HostConfig", Value(std::move(host)));
  return Value(std::move(body));
}

base::Result<Value> container_request(const std::string& sandbox_id, const cri::ContainerConfig& config,
                                      const cri::PodSandboxConfig& sandbox, const Surroundings& surroundings) {
  Labels labels = config.labels;
  labels[std::string(kTypeLabel)] = kContainerType;
  labels[std::string(kSandboxIdLabel)] = sandbox_id;
  labels[std::string(kCreatedLabel)] = std::to_string(surroundings.now_ns);
  if (!config.log_path.empty()) labels[std::string(kLogPathLabel)] = sandbox.log_directory + "/" + config.log_path;
  Members body, host;
  if (config.image) {
    labels[std::string(kImageLabel)] =
        config.image->user_specified_image.empty() ? config.image->image : config.image->user_specified_image;
    body.set("Image", config.image->image);
  }
  body.set("Labels", to_labels(labels, config.annotations));
  // A command replaces what the image begins with; arguments alone are given to it.
  if (!config.command.empty()) body.set("Entrypoint", strings(config.command));
  if (!config.args.empty()) body.set("Cmd", strings(config.args));
  if (!config.working_dir.empty()) body.set("WorkingDir", config.working_dir);
  std::vector<std::string> environment;
  for (const auto& pair : config.envs) environment.push_back(base::cat({pair.key, "=", pair.value}));
  body.set("Env", strings(environment));
  body.set("OpenStdin", config.stdin);
  body.set("StdinOnce", config.stdin_once);
  body.set("Tty", config.tty);
  body.set("Healthcheck", Value::object({{"Test", Value(Value::Array{Value("NONE")})}}));  // probes do that
  if (auto signal = signal_name(config.stop_signal); !signal.empty()) body.set("StopSignal", signal);

  host.set("LogConfig", Value::object({{"Type", "json-file"}}));
  TRY(auto mounts, mounts_of(config.mounts));
  host.set("Mounts", std::move(mounts));
  host.set("Devices", devices_of(config.devices));
  if (!config.cdi_devices.empty()) {
    Value::Array names;
    for (const auto& device : config.cdi_devices) names.emplace_back(device.name);
    host.set("DeviceRequests",
             Value(Value::Array{Value::object({{"Driver", "cdi"}, {"DeviceIDs", Value(std::move(names))}})}));
  }
  if (sandbox.linux && !sandbox.linux->cgroup_parent.empty()) host.set("CgroupParent", cgroup_parent(*sandbox.linux));
  const cri::NamespaceOption* namespaces = nullptr;
  if (config.linux) {
    if (config.linux->resources) {
      add_resources(*config.linux->resources, host);
      host.set("OomScoreAdj", std::max(config.linux->resources->oom_score_adj, surroundings.oom_score_adj_min));
    }
    if (config.linux->security_context) {
      namespaces = config.linux->security_context->namespace_options.get();
      TRY(add_security(*config.linux->security_context, body, host));
    }
  }
  add_namespaces(sandbox_id, namespaces, host);
  body.set("HostConfig", Value(std::move(host)));
  return Value(std::move(body));
}

Value update_request(const cri::LinuxContainerResources& resources) {
  Members out;
  add_resources(resources, out);
  return Value(std::move(out));
}

std::string resolver_file(const cri::DNSConfig& dns) {
  std::string out;
  if (!dns.searches.empty()) out += base::cat({"search ", base::join(dns.searches, " "), "\n"});
  for (const auto& server : dns.servers) out += base::cat({"nameserver ", server, "\n"});
  if (!dns.options.empty()) out += base::cat({"options ", base::join(dns.options, " "), "\n"});
  return out;
}

}  // namespace kubelet::docker
