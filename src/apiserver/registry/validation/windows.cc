// What pods for Windows may say, and what is said about Windows.

#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr size_t kCredentialSpecKibMax = 64;
constexpr size_t kDomainLengthMax = 256;
constexpr size_t kUserLengthMax = 104;
constexpr size_t kNetBiosLengthMax = 15;
constexpr size_t kDnsLabelLengthMax = 63;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_net_bios_name(std::string_view text) {
  return !text.empty() && text.size() <= kNetBiosLengthMax && text[0] != '.' &&
         text.find_first_of("\\/:*?\"<>|") == text.npos;
}

bool is_dns_name(std::string_view text) {
  auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  for (auto label : base::split(text, '.')) {
    if (label.empty() || label.size() > kDnsLabelLengthMax || !is_alnum(label.front()) || !is_alnum(label.back()))
      return false;
    for (char c : label) {
      if (!is_alnum(c) && c != '-') return false;
    }
  }
  return true;
}

void check_user_name(Report& report, std::string_view name, const Place& at) {
  auto complain = [&](std::string_view detail) { report.invalid(at, name, detail); };
  if (name.empty()) return complain("runAsUserName cannot be an empty string");
  for (char c : name) {
    if (is_control(c)) return complain("runAsUserName cannot contain control characters");
  }
  auto parts = base::split(name, '\\');
  if (parts.size() > 2) return complain("runAsUserName cannot contain more than one backslash");
  std::string_view user = parts.back();
  if (parts.size() == 2) {
    std::string_view domain = parts[0];
    if (domain.size() >= kDomainLengthMax) complain("runAsUserName's Domain length must be under 256 characters");
    if (!is_net_bios_name(domain) && !is_dns_name(domain)) {
      complain("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
  }
  if (user.empty()) {
    complain("runAsUserName's User cannot be empty");
  } else if (user.size() > kUserLengthMax) {
    complain("runAsUserName's User length must not be longer than 104 characters");
  }
  if (!user.empty() && user.find_first_not_of(". ") == user.npos)
    complain("runAsUserName's User cannot contain only periods or spaces");
  if (user.find_first_of("\"/\\:;|=,+*?<>@[]") != user.npos) {
    complain("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  }
}

std::optional<bool> host_process(const auto& context) {
  return context && context->windows_options ? context->windows_options->host_process : std::nullopt;
}

void check_linux(Report& report, const core::PodSpec& spec, const Place& at) {
  constexpr std::string_view kCannot = "windows options cannot be set for a linux pod";
  if (spec.security_context && spec.security_context->windows_options) {
    report.forbidden(Place(at, "securityContext.windowsOptions"), kCannot);
  }
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    if (container.security_context && container.security_context->windows_options) {
      report.forbidden(Place(here, "securityContext.windowsOptions"), kCannot);
    }
  });
}

void check_windows(Report& report, const core::PodSpec& spec, const Place& at) {
  auto refuse = [&](bool set, const Place& here) {
    if (set) report.forbidden(here, "cannot be set for a windows pod");
  };
  static const core::PodSecurityContext kNone;
  const auto& pod = spec.security_context ? *spec.security_context : kNone;
  Place context(at, "securityContext");
  refuse(pod.app_armor_profile.has_value(), Place(context, "appArmorProfile"));
  refuse(pod.se_linux_options.has_value(), Place(context, "seLinuxOptions"));
  refuse(spec.host_users.has_value(), Place(at, "hostUsers"));
  refuse(spec.host_pid, Place(at, "hostPID"));
  refuse(spec.host_ipc, Place(at, "hostIPC"));
  refuse(pod.seccomp_profile.has_value(), Place(context, "seccompProfile"));
  refuse(pod.fs_group.has_value(), Place(context, "fsGroup"));
  refuse(pod.fs_group_change_policy.has_value(), Place(context, "fsGroupChangePolicy"));
  refuse(!pod.sysctls.empty(), Place(context, "sysctls"));
  refuse(spec.share_process_namespace.has_value(), Place(at, "shareProcessNamespace"));
  refuse(pod.run_as_user.has_value(), Place(context, "runAsUser"));
  refuse(pod.run_as_group.has_value(), Place(context, "runAsGroup"));
  refuse(!pod.supplemental_groups.empty(), Place(context, "supplementalGroups"));
  refuse(pod.supplemental_groups_policy.has_value(), Place(context, "supplementalGroupsPolicy"));
  refuse(pod.se_linux_change_policy.has_value(), Place(context, "seLinuxChangePolicy"));
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    if (!container.security_context) return;
    const auto& own = *container.security_context;
    Place place(here, "securityContext");
    refuse(own.app_armor_profile.has_value(), Place(place, "appArmorProfile"));
    refuse(own.se_linux_options.has_value(), Place(place, "seLinuxOptions"));
    refuse(own.seccomp_profile.has_value(), Place(place, "seccompProfile"));
    refuse(own.capabilities.has_value(), Place(place, "capabilities"));
    refuse(own.read_only_root_filesystem.has_value(), Place(place, "readOnlyRootFilesystem"));
    refuse(own.privileged.has_value(), Place(place, "privileged"));
    refuse(own.allow_privilege_escalation.has_value(), Place(place, "allowPrivilegeEscalation"));
    refuse(own.proc_mount.has_value(), Place(place, "procMount"));
    refuse(own.run_as_user.has_value(), Place(place, "runAsUser"));
    refuse(own.run_as_group.has_value(), Place(place, "runAsGroup"));
  });
}

}  // namespace

void check_windows_options(Report& report, const core::WindowsSecurityContextOptions& options, const Place& at) {
  if (options.gmsa_credential_spec_name) {
    report.problems(Place(at, "gmsaCredentialSpecName"), *options.gmsa_credential_spec_name,
                    schema::check_dns1123_subdomain(*options.gmsa_credential_spec_name));
  }
  if (options.gmsa_credential_spec) {
    Place here(at, "gmsaCredentialSpec");
    if (options.gmsa_credential_spec->empty()) {
      report.invalid(here, *options.gmsa_credential_spec, "gmsaCredentialSpec cannot be an empty string");
    } else if (options.gmsa_credential_spec->size() > kCredentialSpecKibMax * 1024) {
      report.invalid(here, *options.gmsa_credential_spec, "gmsaCredentialSpec size must be under 64 KiB");
    }
  }
  if (options.run_as_user_name) check_user_name(report, *options.run_as_user_name, Place(at, "runAsUserName"));
}

void check_host_process(Report& report, const core::PodSpec& spec, const Place& at) {
  auto pod = host_process(spec.security_context);
  int all = 0;
  int on_host = 0;
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    ++all;
    auto own = host_process(container.security_context);
    if (pod && own && *pod != *own) {
      report.invalid(
          Place(here, "securityContext.windowsOptions.hostProcess"), *own,
          base::cat({"pod hostProcess value must be identical if both are specified, was ", *pod ? "true" : "false"}));
    }
    if (own.value_or(pod.value_or(false))) ++on_host;
  });
  if (on_host == 0) return;
  if (on_host != all) {
    report.invalid(at, "",
                   "If pod contains any hostProcess containers then all containers must be HostProcess containers");
  }
  if (!spec.host_network) {
    report.invalid(Place(at, "hostNetwork"), false,
                   "hostNetwork must be true if pod contains any hostProcess containers");
  }
}

void check_os(Report& report, const core::PodSpec& spec, const Place& at) {
  if (!spec.os) return;
  const auto& name = spec.os->name;
  if (name.empty()) {
    report.required(Place(at, "os.name"), "cannot be empty");
  } else if (name == "linux") {
    check_linux(report, spec, at);
  } else if (name == "windows") {
    check_windows(report, spec, at);
  } else {
    report.not_supported(Place(at, "os"), name, {"linux", "windows"});
  }
}

}  // namespace apiserver
