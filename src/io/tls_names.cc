#include "io/tls_names.h"

#include <openssl/ssl.h>

#include <algorithm>

#include "base/strings.h"

namespace io {

base::Result<int> tls_version(std::string_view name) {
  if (name.empty() || name == "VersionTLS10" || name == "VersionTLS11" || name == "VersionTLS12") return 12;
  if (name == "VersionTLS13") return 13;
  return base::fail(base::Code::BadRequest,
                    base::cat({"unknown tls version ", base::quote(std::string(name)),
                               ", must be one of: VersionTLS10, VersionTLS11, VersionTLS12, VersionTLS13"}));
}

base::Result<std::string> tls_ciphers(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) {
    // Go leaves out what all such suites have.
    std::string whole = name.ends_with("_CHACHA20_POLY1305") ? name + "_SHA256" : name;
    std::string_view known = OPENSSL_cipher_name(whole.c_str());
    if (known == "(NONE)") {
      return base::fail(base::Code::BadRequest, base::cat({"Cipher suite ", name, " not supported or doesn't exist"}));
    }
    if (!known.starts_with("TLS_")) out.emplace_back(known);
  }
  return base::join(out, ":");
}

}  // namespace io
