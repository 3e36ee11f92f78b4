#include "kubelet/pods/sysctls.h"

#include <algorithm>

#include "base/contains.h"
#include "base/strings.h"

namespace kubelet {
namespace {

constexpr std::string_view kSafe[] = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
};

bool is_of_network(std::string_view name) {
  return name.starts_with("net.");
}
bool is_of_ipc(std::string_view name) {
  return name == "kernel.sem" || name.starts_with("kernel.shm") || name.starts_with("kernel.msg") ||
         name.starts_with("fs.mqueue.");
}

bool is_allowed(std::string_view name, const std::vector<std::string>& allowed) {
  if (base::contains(kSafe, name)) return true;
  if (!is_of_network(name) && !is_of_ipc(name)) return false;
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view pattern) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
  });
}

}  // namespace

std::optional<PodFailure> refuse_sysctls(const core::Pod& pod, const std::vector<std::string>& allowed) {
  if (!pod.spec.security_context) return std::nullopt;
  auto refuse = [](std::string_view name, std::string_view why) {
    return PodFailure{"SysctlForbidden", base::cat({"forbidden sysctl: ", base::quote(name), " ", why})};
  };
  for (const auto& sysctl : pod.spec.security_context->sysctls) {
    std::string name = sysctl.name;
    if (!name.contains('.')) std::replace(name.begin(), name.end(), '/', '.');
    if (!is_allowed(name, allowed)) return refuse(sysctl.name, "not allowlisted");
    if (pod.spec.host_network && is_of_network(name)) return refuse(sysctl.name, "not allowed with host net enabled");
    if (pod.spec.host_ipc && is_of_ipc(name)) return refuse(sysctl.name, "not allowed with host ipc enabled");
  }
  return std::nullopt;
}

}  // namespace kubelet
