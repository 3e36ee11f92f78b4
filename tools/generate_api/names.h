// How names of the schemas become names of C++.
#pragma once

#include <string>
#include <string_view>

// A member: "podIPs" is pod_ips, "namespace" is namespace_.
std::string member_name(std::string_view json_name);
// A file or namespace: "rbac.authorization.k8s.io_v1" is rbac_authorization_k8s_io_v1.
std::string unit_name(std::string_view schema_name);
// An enumerator: "SANDBOX_READY" is SandboxReady; "RuntimeDefault" stays.
std::string enumerator_name(std::string_view name);
// As a C++ string literal.
std::string literal(std::string_view text);
