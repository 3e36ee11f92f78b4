// The rules of the level "baseline": what is known to lead out of a container.

#include <algorithm>

#include "apiserver/admission/pod_security/containers.h"

namespace apiserver::pod_security {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kAppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kSeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
constexpr std::string_view kSeccompPrefix = "container.seccomp.security.alpha.kubernetes.io/";

template <class List>
bool listed(const List& list, std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool allowed_profile(std::string_view type) {
  return type == "RuntimeDefault" || type == "Localhost";
}

bool allowed_seccomp_annotation(std::string_view value) {
  return value == "runtime/default" || value == "docker/default" || value.starts_with("localhost/");
}

Violation se_linux_options(const Subject& subject, bool engine_too) {
  std::set<std::string> types;
  bool user = false;
  bool role = false;
  auto bad = [&](const core::SELinuxOptions& options) {
    bool bad_type = !options.type.empty() && options.type != "container_t" && options.type != "container_init_t" &&
                    options.type != "container_kvm_t" && !(engine_too && options.type == "container_engine_t");
    if (bad_type) types.insert(options.type);
    user |= !options.user.empty();
    role |= !options.role.empty();
    return bad_type || !options.user.empty() || !options.role.empty();
  };
  const auto& context = subject.spec.security_context;
  bool pod = context && context->se_linux_options && bad(*context->se_linux_options);
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (own && own->se_linux_options && bad(*own->se_linux_options)) names.push_back(container.name);
  });
  if (!pod && names.empty()) return {};
  std::vector<std::string> what;
  if (!types.empty()) what.push_back(base::cat({plural("type", "types", types.size()), " ", quoted(types)}));
  if (user) what.emplace_back("user may not be set");
  if (role) what.emplace_back("role may not be set");
  return {"seLinuxOptions",
          base::cat({setters(pod, names), " set forbidden securityContext.seLinuxOptions: ", base::join(what, "; ")})};
}

constexpr std::string_view kSafeSysctls[] = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",  // 1.27
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",  // 1.29
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",  // 1.32
};

// The first `known` of them are safe.
Violation sysctls(const Subject& subject, size_t known) {
  if (!subject.spec.security_context) return {};
  std::vector<std::string> names;
  for (const auto& sysctl : subject.spec.security_context->sysctls) {
    if (std::find(kSafeSysctls, kSafeSysctls + known, sysctl.name) == kSafeSysctls + known)
      names.push_back(sysctl.name);
  }
  if (names.empty()) return {};
  return {"forbidden sysctls", base::join(names, ", ")};
}

template <class Handler>
void add_hosts(std::set<std::string>& hosts, const Handler& handler) {
  if (handler.http_get && !handler.http_get->host.empty()) hosts.insert(handler.http_get->host);
  if (handler.tcp_socket && !handler.tcp_socket->host.empty()) hosts.insert(handler.tcp_socket->host);
}

}  // namespace

Violation app_armor_profile(const Subject& subject) {
  std::set<std::string> values;
  const auto& context = subject.spec.security_context;
  bool pod = context && context->app_armor_profile && !allowed_profile(context->app_armor_profile->type);
  if (pod) values.insert(context->app_armor_profile->type);
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (!own || !own->app_armor_profile || allowed_profile(own->app_armor_profile->type)) return;
    names.push_back(container.name);
    values.insert(own->app_armor_profile->type);
  });
  std::vector<std::string> annotations;
  for (const auto& [key, value] : subject.metadata.annotations) {
    bool allowed = value.empty() || value == "runtime/default" || value.starts_with("localhost/");
    if (key.starts_with(kAppArmorPrefix) && !allowed) annotations.push_back(base::cat({key, "=", base::quote(value)}));
  }
  if (!pod && names.empty() && annotations.empty()) return {};
  std::vector<std::string> shown(values.begin(), values.end());
  std::string who = setters(pod, names);
  if (!annotations.empty()) {
    who += base::cat({who.empty() ? "" : " and ", plural("annotation", "annotations", annotations.size())});
    shown.insert(shown.end(), annotations.begin(), annotations.end());
  }
  return {std::string(plural("forbidden AppArmor profile", "forbidden AppArmor profiles", shown.size())),
          base::cat({who, " must not set AppArmor profile type to ", quoted(shown)})};
}

Violation baseline_capabilities(const Subject& subject) {
  constexpr std::string_view kDefault[] = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                           "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                           "SETPCAP",     "SETUID", "SYS_CHROOT"};
  std::vector<std::string> names;
  std::set<std::string> added;
  each_container(subject.spec, [&](const auto& container) {
    if (!container.security_context || !container.security_context->capabilities) return;
    bool bad = false;
    for (const auto& capability : container.security_context->capabilities->add) {
      if (listed(kDefault, capability)) continue;
      bad = true;
      added.insert(capability);
    }
    if (bad) names.push_back(container.name);
  });
  if (names.empty()) return {};
  return {"non-default capabilities",
          base::cat({containers(names), " must not include ", quoted(added), " in securityContext.capabilities.add"})};
}

Violation host_namespaces(const Subject& subject) {
  std::vector<std::string> used;
  if (subject.spec.host_network) used.emplace_back("hostNetwork=true");
  if (subject.spec.host_pid) used.emplace_back("hostPID=true");
  if (subject.spec.host_ipc) used.emplace_back("hostIPC=true");
  if (used.empty()) return {};
  return {"host namespaces", base::join(used, ", ")};
}

Violation host_path_volumes(const Subject& subject) {
  std::vector<std::string> names;
  for (const auto& volume : subject.spec.volumes) {
    if (volume.host_path) names.push_back(volume.name);
  }
  if (names.empty()) return {};
  return {"hostPath volumes", base::cat({plural("volume", "volumes", names.size()), " ", quoted(names)})};
}

Violation host_ports(const Subject& subject) {
  std::vector<std::string> names;
  std::set<std::string> ports;
  each_container(subject.spec, [&](const auto& container) {
    bool uses = false;
    for (const auto& port : container.ports) {
      if (port.host_port == 0) continue;
      uses = true;
      ports.insert(std::to_string(port.host_port));
    }
    if (uses) names.push_back(container.name);
  });
  if (names.empty()) return {};
  return {"hostPort", base::cat({containers(names), " ", plural("uses", "use", names.size()), " ",
                                 plural("hostPort", "hostPorts", ports.size()), " ",
                                 base::join(std::vector<std::string>(ports.begin(), ports.end()), ", ")})};
}

Violation probe_hosts(const Subject& subject) {
  std::set<std::string> names;
  std::set<std::string> hosts;
  each_container(subject.spec, [&](const auto& container) {
    std::set<std::string> own;
    for (const auto* probe : {&container.liveness_probe, &container.readiness_probe, &container.startup_probe}) {
      if (*probe) add_hosts(own, **probe);
    }
    if (container.lifecycle && container.lifecycle->post_start) add_hosts(own, *container.lifecycle->post_start);
    if (container.lifecycle && container.lifecycle->pre_stop) add_hosts(own, *container.lifecycle->pre_stop);
    if (!own.empty()) names.insert(container.name);
    hosts.merge(own);
  });
  if (names.empty()) return {};
  return {"probe or lifecycle host",
          base::cat({plural("container", "containers", names.size()), " ", quoted(names), " ",
                     plural("uses", "use", names.size()), " ",
                     plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.size()), " ", quoted(hosts)})};
}

Violation privileged(const Subject& subject) {
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    if (container.security_context && container.security_context->privileged.value_or(false))
      names.push_back(container.name);
  });
  if (names.empty()) return {};
  return {"privileged", base::cat({containers(names), " must not set securityContext.privileged=true"})};
}

Violation proc_mount(const Subject& subject) {
  std::vector<std::string> names;
  std::set<std::string> types;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (!own || !own->proc_mount || *own->proc_mount == "Default") return;
    names.push_back(container.name);
    types.insert(*own->proc_mount);
  });
  if (names.empty()) return {};
  return {"procMount", base::cat({containers(names), " must not set securityContext.procMount to ", quoted(types)})};
}

Violation proc_mount_outside_user_namespace(const Subject& subject) {
  return in_user_namespace(subject.spec) ? Violation{} : proc_mount(subject);
}

Violation se_linux_options_1_0(const Subject& subject) {
  return se_linux_options(subject, false);
}
Violation se_linux_options_1_31(const Subject& subject) {
  return se_linux_options(subject, true);
}

Violation seccomp_annotations(const Subject& subject) {
  std::set<std::string> bad;
  auto look = [&](const std::string& key) {
    auto annotation = subject.metadata.annotations.find(key);
    if (annotation == subject.metadata.annotations.end() || allowed_seccomp_annotation(annotation->second)) return;
    bad.insert(base::cat({key, "=", base::quote(annotation->second)}));
  };
  look(std::string(kSeccompPod));
  each_container(subject.spec, [&](const auto& container) { look(base::cat({kSeccompPrefix, container.name})); });
  if (bad.empty()) return {};
  return {"seccompProfile", base::cat({"forbidden ", plural("annotation", "annotations", bad.size()), " ",
                                       base::join(std::vector<std::string>(bad.begin(), bad.end()), ", ")})};
}

Violation baseline_seccomp(const Subject& subject) {
  std::set<std::string> values;
  const auto& context = subject.spec.security_context;
  bool pod = context && context->seccomp_profile && !allowed_profile(context->seccomp_profile->type);
  if (pod) values.insert(context->seccomp_profile->type);
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (!own || !own->seccomp_profile || allowed_profile(own->seccomp_profile->type)) return;
    names.push_back(container.name);
    values.insert(own->seccomp_profile->type);
  });
  if (!pod && names.empty()) return {};
  return {"seccompProfile",
          base::cat({setters(pod, names), " must not set securityContext.seccompProfile.type to ", quoted(values)})};
}

Violation sysctls_1_0(const Subject& subject) {
  return sysctls(subject, 5);
}
Violation sysctls_1_27(const Subject& subject) {
  return sysctls(subject, 6);
}
Violation sysctls_1_29(const Subject& subject) {
  return sysctls(subject, 10);
}
Violation sysctls_1_32(const Subject& subject) {
  return sysctls(subject, 12);
}

Violation windows_host_process(const Subject& subject) {
  auto hosts = [](const auto& context) {
    return context && context->windows_options && context->windows_options->host_process.value_or(false);
  };
  bool pod = hosts(subject.spec.security_context);
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    if (hosts(container.security_context)) names.push_back(container.name);
  });
  if (!pod && names.empty()) return {};
  return {"hostProcess",
          base::cat({setters(pod, names), " must not set securityContext.windowsOptions.hostProcess=true"})};
}

}  // namespace apiserver::pod_security
