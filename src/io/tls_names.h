// How Kubernetes' flags and configurations name versions and cipher suites of TLS: as Go's crypto/tls does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace io {

// "VersionTLS12" to 12, "VersionTLS13" to 13. Older ones are served no more: 12, which "" is as well. BadRequest for
// anything else.
base::Result<int> tls_version(std::string_view name);

// OpenSSL's list of the suites for TLS 1.2 among the named ones; those of TLS 1.3 cannot be chosen and are left out.
// "" for none. BadRequest for what nobody knows.
base::Result<std::string> tls_ciphers(const std::vector<std::string>& names);

}  // namespace io
