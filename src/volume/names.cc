#include "volume/names.h"

#include <openssl/sha.h>

#include <algorithm>

#include "base/strings.h"

namespace volume {

using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;

std::string claim_name(const Pod& pod, const api::core_v1::Volume& volume) {
  if (volume.persistent_volume_claim) return volume.persistent_volume_claim->claim_name;
  if (volume.ephemeral) return base::cat({pod.metadata.name, "-", volume.name});
  return "";
}

bool is_made_for(const PersistentVolumeClaim& claim, const Pod& pod) {
  return std::ranges::any_of(claim.metadata.owner_references, [&](const auto& owner) {
    return owner.controller.value_or(false) && owner.uid == pod.metadata.uid;
  });
}

std::string not_made_for(const PersistentVolumeClaim& claim, const Pod& pod) {
  return base::cat({"PVC ", claim.metadata.namespace_, "/", claim.metadata.name, " was not created for pod ",
                    pod.metadata.namespace_, "/", pod.metadata.name, " (pod is not owner)"});
}

std::string unique_name(std::string_view driver, std::string_view handle) {
  return base::cat({"kubernetes.io/csi/", driver, "^", handle});
}

std::string attachment_name(std::string_view driver, std::string_view handle, std::string_view node) {
  return "csi-" + sha256_hex(base::cat({handle, driver, node}));
}

bool is_attachment_name(std::string_view name) {
  if (!name.starts_with("csi-")) return false;
  name.remove_prefix(4);
  return name.size() == 2 * SHA256_DIGEST_LENGTH && name.find_first_not_of("0123456789abcdef") == name.npos;
}

std::string sha256_hex(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return base::hex_encode({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace volume
