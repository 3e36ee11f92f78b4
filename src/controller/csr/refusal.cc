#include <algorithm>

#include "controller/csr/csr.h"

namespace controller::csr {
namespace {

constexpr std::string_view kNodeGroup = "system:nodes";
constexpr std::string_view kNodePrefix = "system:node:";

// Whether the usages are exactly `signature` and `purpose`, with key encipherment or without.
bool usages_are(const std::vector<std::string>& usages, std::string_view purpose) {
  bool purpose_seen = false, signature_seen = false;
  for (const auto& usage : usages) {
    if (usage == purpose) {
      purpose_seen = true;
    } else if (usage == "digital signature") {
      signature_seen = true;
    } else if (usage != "key encipherment") {
      return false;
    }
  }
  return purpose_seen && signature_seen;
}

std::string refusal_of_node(const pki::CertificateOptions& asked) {
  if (asked.organizations != std::vector<std::string>{std::string(kNodeGroup)})
    return "subject organization is not system:nodes";
  if (!asked.common_name.starts_with(kNodePrefix)) return "subject common name does not begin with system:node:";
  return "";
}

}  // namespace

std::string refusal(const api::certificates_k8s_io_v1::CertificateSigningRequestSpec& spec,
                    const pki::CertificateOptions& asked) {
  bool names = !asked.dns_names.empty() || !asked.ip_addresses.empty();
  if (spec.signer_name == kClient) {
    bool allowed = std::all_of(spec.usages.begin(), spec.usages.end(), [](const std::string& usage) {
      return usage == "client auth" || usage == "digital signature" || usage == "key encipherment";
    });
    bool client = std::find(spec.usages.begin(), spec.usages.end(), "client auth") != spec.usages.end();
    return allowed && client ? ""
                             : "usages did not match the signer's: client auth, digital signature, key encipherment";
  }
  if (spec.signer_name == kKubeletClient) {
    if (auto why = refusal_of_node(asked); !why.empty()) return why;
    if (names) return "subject alternative names are not allowed";
    return usages_are(spec.usages, "client auth")
               ? ""
               : "usages did not match client auth, digital signature, key encipherment";
  }
  if (spec.signer_name == kKubeletServing) {
    if (auto why = refusal_of_node(asked); !why.empty()) return why;
    if (!names) return "at least one DNS or IP subject alternative name is required";
    if (spec.username != asked.common_name) return "requested by another than the node that it names";
    return usages_are(spec.usages, "server auth")
               ? ""
               : "usages did not match server auth, digital signature, key encipherment";
  }
  return "not a signer of the cluster";
}

}  // namespace controller::csr
