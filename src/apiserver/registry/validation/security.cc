// Security contexts of pods and containers.

#include <set>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::BadValue;

constexpr size_t kProfileLengthMax = 4095;  // PATH_MAX - 1
constexpr size_t kSysctlLengthMax = 253;
constexpr std::string_view kSysctlForm = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

void check_seccomp(Report& report, const core::SeccompProfile& profile, const Place& at) {
  Place type(at, "type");
  if (profile.type.empty()) {
    report.required(type, "type is required when seccompProfile is set");
  } else {
    report.one_of(type, profile.type, {"Localhost", "RuntimeDefault", "Unconfined"});
  }
  Place localhost(at, "localhostProfile");
  if (profile.type != "Localhost") {
    if (profile.localhost_profile) {
      report.invalid(localhost, go_value(profile), "can only be set when seccomp type is Localhost");
    }
  } else if (!profile.localhost_profile) {
    report.required(localhost, "must be set when seccomp type is Localhost");
  } else {
    check_descending_path(report, *profile.localhost_profile, localhost);
  }
}

void check_app_armor(Report& report, const core::AppArmorProfile& profile, const Place& at) {
  Place localhost(at, "localhostProfile");
  const auto& name = profile.localhost_profile;
  if (profile.type == "Localhost") {
    if (!name) {
      report.required(localhost, "must be set when AppArmor type is Localhost");
      return;
    }
    if (base::trim(*name) != *name) {
      report.invalid(localhost, *name, "must not be padded with whitespace");
    } else if (name->empty()) {
      report.required(localhost, "must be set when AppArmor type is Localhost");
    }
    if (name->size() > kProfileLengthMax) report.too_long(localhost, kProfileLengthMax);
  } else if (profile.type == "RuntimeDefault" || profile.type == "Unconfined") {
    if (name) report.invalid(localhost, *name, "can only be set when AppArmor type is Localhost");
  } else if (profile.type.empty()) {
    report.required(Place(at, "type"), "type is required when appArmorProfile is set");
  } else {
    report.not_supported(Place(at, "type"), profile.type, {"Localhost", "RuntimeDefault", "Unconfined"});
  }
}

// Segments of small letters, digits, - and _, joined by dots or slashes.
bool is_sysctl_name(std::string_view name) {
  if (name.size() > kSysctlLengthMax) return false;
  auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  bool ends_segment = false;  // whether the last character may end one
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (is_alnum(c)) {
      ends_segment = true;
    } else if (c == '.' || c == '/') {
      if (!ends_segment) return false;
      ends_segment = false;
    } else if (c == '-' || c == '_') {
      if (i == 0 || name[i - 1] == '.' || name[i - 1] == '/') return false;
      ends_segment = false;
    } else {
      return false;
    }
  }
  return ends_segment;
}

enum class SysctlSpace : uint8_t { None, Network, Ipc };

SysctlSpace sysctl_space(std::string_view name) {
  // "net/ipv4/conf" is "net.ipv4.conf"; where the first separator is a dot, slashes stand for dots in names.
  std::string dotted(name);
  size_t separator = name.find_first_of("./");
  if (separator != name.npos && name[separator] == '/') {
    for (char& c : dotted) c = c == '/' ? '.' : c == '.' ? '/' : c;
  }
  if (is_one_of(dotted, {"kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
                         "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni"}) ||
      dotted.starts_with("fs.mqueue.") || dotted.starts_with("kernel.shm") || dotted.starts_with("kernel.msg")) {
    return SysctlSpace::Ipc;
  }
  return dotted.starts_with("net.") ? SysctlSpace::Network : SysctlSpace::None;
}

void check_sysctls(Report& report, const PodScope& scope, const std::vector<core::Sysctl>& sysctls, const Place& at) {
  Names names;
  for (size_t i = 0; i < sysctls.size(); ++i) {
    const auto& sysctl = sysctls[i];
    Place here(at, i);
    Place name(here, "name");
    if (sysctl.name.empty()) {
      report.required(name);
    } else if (!is_sysctl_name(sysctl.name)) {
      report.invalid(name, sysctl.name,
                     base::cat({"must have at most ", std::to_string(kSysctlLengthMax), " characters and match regex ",
                                kSysctlForm}));
    } else if (names.contains(sysctl.name)) {
      report.duplicate(name, sysctl.name);
    }
    if (!scope.rules.host_sysctls) {
      auto space = sysctl_space(sysctl.name);
      if (scope.spec.host_network && space == SysctlSpace::Network) {
        report.invalid(name, sysctl.name, "may not be specified when 'hostNetwork' is true");
      } else if (scope.spec.host_ipc && space == SysctlSpace::Ipc) {
        report.invalid(name, sysctl.name, "may not be specified when 'hostIPC' is true");
      }
    }
    names.insert(sysctl.name);
  }
}

}  // namespace

void check_container_security(Report& report, const PodScope& scope, const core::SecurityContext& context,
                              const Place& at) {
  if (context.run_as_user) check_user_id(report, *context.run_as_user, Place(at, "runAsUser"));
  if (context.run_as_group) check_group_id(report, *context.run_as_group, Place(at, "runAsGroup"));
  if (context.proc_mount) {
    Place proc_mount(at, "procMount");
    report.one_of(proc_mount, *context.proc_mount, {"Default", "Unmasked"});
    if (scope.host_users && *context.proc_mount == "Unmasked") {
      report.invalid(proc_mount, *context.proc_mount, "`hostUsers` must be false to use `Unmasked`");
    }
  }
  if (context.seccomp_profile) check_seccomp(report, *context.seccomp_profile, Place(at, "seccompProfile"));
  if (context.allow_privilege_escalation && !*context.allow_privilege_escalation) {
    if (context.privileged.value_or(false)) {
      report.invalid(at, go_value(context), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    if (context.capabilities) {
      for (const auto& capability : context.capabilities->add) {
        if (capability != "CAP_SYS_ADMIN") continue;
        report.invalid(at, go_value(context),
                       "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
      }
    }
  }
  if (context.windows_options) check_windows_options(report, *context.windows_options, Place(at, "windowsOptions"));
  if (context.app_armor_profile) check_app_armor(report, *context.app_armor_profile, Place(at, "appArmorProfile"));
}

void check_pod_security(Report& report, const PodScope& scope, const Place& at) {
  const auto& spec = scope.spec;
  static const core::PodSecurityContext kNone;
  const auto& context = spec.security_context ? *spec.security_context : kNone;
  if (context.fs_group) check_group_id(report, *context.fs_group, Place(at, "fsGroup"));
  if (context.run_as_user) check_user_id(report, *context.run_as_user, Place(at, "runAsUser"));
  if (context.run_as_group) check_group_id(report, *context.run_as_group, Place(at, "runAsGroup"));
  Place groups(at, "supplementalGroups");
  for (size_t i = 0; i < context.supplemental_groups.size(); ++i) {
    check_group_id(report, context.supplemental_groups[i], Place(groups, i));
  }
  if (spec.share_process_namespace.value_or(false) && spec.host_pid) {
    // It stood in the security context once, and is complained about there.
    report.invalid(Place(at, "shareProcessNamespace"), true,
                   "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  check_sysctls(report, scope, context.sysctls, Place(at, "sysctls"));
  if (context.fs_group_change_policy) {
    report.one_of(Place(at, "fsGroupChangePolicy"), *context.fs_group_change_policy, {"Always", "OnRootMismatch"});
  }
  if (context.seccomp_profile) check_seccomp(report, *context.seccomp_profile, Place(at, "seccompProfile"));
  if (context.windows_options) check_windows_options(report, *context.windows_options, Place(at, "windowsOptions"));
  if (context.app_armor_profile) check_app_armor(report, *context.app_armor_profile, Place(at, "appArmorProfile"));
  if (context.supplemental_groups_policy) {
    report.one_of(Place(at, "supplementalGroupsPolicy"), *context.supplemental_groups_policy, {"Merge", "Strict"});
  }
  if (context.se_linux_change_policy) {
    report.one_of(Place(at, "seLinuxChangePolicy"), *context.se_linux_change_policy, {"MountOption", "Recursive"});
  }
}

void check_host_users(Report& report, const PodScope& scope, const Place& at) {
  const auto& spec = scope.spec;
  if (spec.host_users.value_or(true)) return;
  constexpr std::string_view kWhen = "when `hostUsers` is false";
  if (spec.host_network) report.forbidden(Place(at, "hostNetwork"), kWhen);
  // The names in the complaints are spelled as upstream has them.
  if (spec.host_pid) report.forbidden(Place(at, "HostPID"), kWhen);
  if (spec.host_ipc) report.forbidden(Place(at, "HostIPC"), kWhen);
  if (scope.rules.devices_without_host_users) return;
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    if (!container.volume_devices.empty()) report.forbidden(Place(here, "volumeDevices"), kWhen);
  });
}

}  // namespace apiserver
