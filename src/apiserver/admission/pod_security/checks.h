// The Pod Security Standards: what a pod of a level must not do. One function a rule, one line each in the list.
// Kubernetes documentation, "Pod Security Standards".
#pragma once

#include <string>
#include <vector>

#include "api/core_v1.h"
#include "apiserver/admission/pod_security/policy.h"

namespace apiserver::pod_security {

struct Violation {
  std::string reason;  // "privileged"; empty: none
  std::string detail;  // `container "a" must not set securityContext.privileged=true`
};

struct Subject {
  const api::meta_v1::ObjectMeta& metadata;
  const api::core_v1::PodSpec& spec;
};

using Check = Violation (*)(const Subject& subject);

// In the order in which violations are told.
std::vector<Violation> violations(const Standard& standard, const Subject& subject);

// "privileged, hostPort" and "privileged (container ...), hostPort (...)".
std::string reasons(const std::vector<Violation>& violations);
std::string details(const std::vector<Violation>& violations);

// The rules themselves, by the version they came with.
Violation app_armor_profile(const Subject& subject);
Violation baseline_capabilities(const Subject& subject);
Violation host_namespaces(const Subject& subject);
Violation host_path_volumes(const Subject& subject);
Violation host_ports(const Subject& subject);
Violation probe_hosts(const Subject& subject);
Violation privileged(const Subject& subject);
Violation proc_mount(const Subject& subject);
Violation proc_mount_outside_user_namespace(const Subject& subject);
Violation se_linux_options_1_0(const Subject& subject);
Violation se_linux_options_1_31(const Subject& subject);
Violation seccomp_annotations(const Subject& subject);
Violation baseline_seccomp(const Subject& subject);
Violation sysctls_1_0(const Subject& subject);
Violation sysctls_1_27(const Subject& subject);
Violation sysctls_1_29(const Subject& subject);
Violation sysctls_1_32(const Subject& subject);
Violation windows_host_process(const Subject& subject);

Violation privilege_escalation(const Subject& subject);
Violation privilege_escalation_but_windows(const Subject& subject);
Violation restricted_capabilities(const Subject& subject);
Violation restricted_capabilities_but_windows(const Subject& subject);
Violation restricted_volumes(const Subject& subject);
Violation run_as_non_root(const Subject& subject);
Violation run_as_non_root_outside_user_namespace(const Subject& subject);
Violation run_as_root_user(const Subject& subject);
Violation run_as_root_user_outside_user_namespace(const Subject& subject);
Violation restricted_seccomp(const Subject& subject);
Violation restricted_seccomp_but_windows(const Subject& subject);

}  // namespace apiserver::pod_security
