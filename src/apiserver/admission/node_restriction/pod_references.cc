#include "apiserver/admission/node_restriction/pod_references.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kSecrets = "secrets";
constexpr std::string_view kConfigMaps = "configmaps";

template <class Container>
std::string_view in_environment(const Container& container) {
  for (const auto& source : container.env_from) {
    if (source.secret_ref) return kSecrets;
    if (source.config_map_ref) return kConfigMaps;
  }
  for (const auto& variable : container.env) {
    if (!variable.value_from) continue;
    if (variable.value_from->secret_key_ref) return kSecrets;
    if (variable.value_from->config_map_key_ref) return kConfigMaps;
  }
  return {};
}

// Volumes of any kind that names a secret for its driver are counted with those that are one.
std::string_view in_volume(const core::Volume& volume) {
  if (volume.secret || (volume.csi && volume.csi->node_publish_secret_ref) ||
      (volume.cephfs && volume.cephfs->secret_ref) || (volume.cinder && volume.cinder->secret_ref) ||
      (volume.flex_volume && volume.flex_volume->secret_ref) || (volume.iscsi && volume.iscsi->secret_ref) ||
      (volume.rbd && volume.rbd->secret_ref) || (volume.scale_io && volume.scale_io->secret_ref) ||
      (volume.storageos && volume.storageos->secret_ref) || volume.azure_file) {
    return kSecrets;
  }
  if (volume.config_map) return kConfigMaps;
  if (volume.persistent_volume_claim) return "persistentvolumeclaims";
  if (!volume.projected) return {};
  for (const auto& source : volume.projected->sources) {
    if (source.secret) return kSecrets;
    if (source.config_map) return kConfigMaps;
    if (source.service_account_token) return "a service account";
  }
  return {};
}

}  // namespace

std::string_view forbidden_reference(const core::PodSpec& spec) {
  if (!spec.service_account_name.empty()) return "a service account";
  if (!spec.image_pull_secrets.empty()) return kSecrets;
  std::string_view found;
  auto look = [&](const auto& list, auto find) {
    for (const auto& one : list) {
      if (found.empty()) found = find(one);
    }
  };
  look(spec.init_containers, [](const auto& one) { return in_environment(one); });
  look(spec.containers, [](const auto& one) { return in_environment(one); });
  look(spec.ephemeral_containers, [](const auto& one) { return in_environment(one); });
  look(spec.volumes, in_volume);
  if (found.empty() && !spec.resource_claims.empty()) return "resourceclaims";
  return found;
}

}  // namespace apiserver
