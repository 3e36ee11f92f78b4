#include "apiserver/admission/pod_security/checks.h"

#include "base/strings.h"

namespace apiserver::pod_security {
namespace {

// A rule as it stands from a version on, until a later line of the same name.
struct Row {
  std::string_view name;
  Level level;
  int since;  // minor version
  Check check;
  std::string_view replaces = {};  // the baseline's rule that says less of the same
};

constexpr Row kRows[] = {
    {"appArmorProfile", Level::Baseline, 0, app_armor_profile},
    {"capabilities_baseline", Level::Baseline, 0, baseline_capabilities},
    {"hostNamespaces", Level::Baseline, 0, host_namespaces},
    {"hostPathVolumes", Level::Baseline, 0, host_path_volumes},
    {"hostPorts", Level::Baseline, 0, host_ports},
    {"hostProbesAndHostLifecycle", Level::Baseline, 34, probe_hosts},
    {"privileged", Level::Baseline, 0, privileged},
    {"procMount", Level::Baseline, 0, proc_mount},
    {"procMount", Level::Baseline, 35, proc_mount_outside_user_namespace},
    {"seLinuxOptions", Level::Baseline, 0, se_linux_options_1_0},
    {"seLinuxOptions", Level::Baseline, 31, se_linux_options_1_31},
    {"seccompProfile_baseline", Level::Baseline, 0, seccomp_annotations},
    {"seccompProfile_baseline", Level::Baseline, 19, baseline_seccomp},
    {"sysctls", Level::Baseline, 0, sysctls_1_0},
    {"sysctls", Level::Baseline, 27, sysctls_1_27},
    {"sysctls", Level::Baseline, 29, sysctls_1_29},
    {"sysctls", Level::Baseline, 32, sysctls_1_32},
    {"windowsHostProcess", Level::Baseline, 0, windows_host_process},
    {"allowPrivilegeEscalation", Level::Restricted, 8, privilege_escalation},
    {"allowPrivilegeEscalation", Level::Restricted, 25, privilege_escalation_but_windows},
    {"capabilities_restricted", Level::Restricted, 22, restricted_capabilities, "capabilities_baseline"},
    {"capabilities_restricted", Level::Restricted, 25, restricted_capabilities_but_windows, "capabilities_baseline"},
    {"procMount_restricted", Level::Restricted, 35, proc_mount, "procMount"},
    {"restrictedVolumes", Level::Restricted, 0, restricted_volumes, "hostPathVolumes"},
    {"runAsNonRoot", Level::Restricted, 0, run_as_non_root},
    {"runAsNonRoot", Level::Restricted, 35, run_as_non_root_outside_user_namespace},
    {"runAsUser", Level::Restricted, 23, run_as_root_user},
    {"runAsUser", Level::Restricted, 35, run_as_root_user_outside_user_namespace},
    {"seccompProfile_restricted", Level::Restricted, 19, restricted_seccomp, "seccompProfile_baseline"},
    {"seccompProfile_restricted", Level::Restricted, 25, restricted_seccomp_but_windows, "seccompProfile_baseline"},
};

// Whether `row` is what its name stands for in `version`.
bool holds(const Row& row, const Standard& standard) {
  if (row.level > standard.level || row.since > standard.version.minor) return false;
  for (const Row& other : kRows) {
    if (other.since > standard.version.minor || other.level > standard.level) continue;
    if (other.name == row.name && other.since > row.since) return false;
    if (other.replaces == row.name) return false;
  }
  return true;
}

}  // namespace

std::vector<Violation> violations(const Standard& standard, const Subject& subject) {
  std::vector<Violation> found;
  if (standard.level == Level::Privileged) return found;
  for (const Row& row : kRows) {
    if (!holds(row, standard)) continue;
    Violation violation = row.check(subject);
    if (!violation.reason.empty()) found.push_back(std::move(violation));
  }
  return found;
}

std::string reasons(const std::vector<Violation>& violations) {
  std::string text;
  for (const auto& violation : violations) text += base::cat({text.empty() ? "" : ", ", violation.reason});
  return text;
}

std::string details(const std::vector<Violation>& violations) {
  std::string text;
  for (const auto& violation : violations) {
    text += base::cat({text.empty() ? "" : ", ", violation.reason});
    if (!violation.detail.empty()) text += base::cat({" (", violation.detail, ")"});
  }
  return text;
}

}  // namespace apiserver::pod_security
