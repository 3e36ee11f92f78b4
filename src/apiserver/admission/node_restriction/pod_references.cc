#include "apiserver/admission/node_restriction/pod_references.h"

#include <optional>

#include "api/storage_k8s_io_v1.h"
#include "base/strings.h"

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

// Nothing when it is not there.
template <class T>
io::Task<base::Result<std::optional<T>>> found(io::Task<base::Result<T>> task) {
  auto object = co_await std::move(task);
  if (object) co_return std::move(*object);
  if (object.error().code() == base::Code::NotFound) co_return std::nullopt;
  co_return base::fail(object.error());
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

io::Task<base::Result<bool>> asks_for_audience(const core::Pod& pod, std::string audience, const Reader& reader) {
  for (const auto& volume : pod.spec.volumes) {
    if (volume.projected) {
      for (const auto& source : volume.projected->sources) {
        if (source.service_account_token && source.service_account_token->audience == audience) co_return true;
      }
      continue;
    }
    std::string driver = volume.csi ? volume.csi->driver : "";
    std::string claim = volume.persistent_volume_claim ? volume.persistent_volume_claim->claim_name
                        : volume.ephemeral             ? base::cat({pod.metadata.name, "-", volume.name})
                                                       : "";
    if (!claim.empty()) {
      CO_TRY(auto bound, co_await found(reader.get<core::PersistentVolumeClaim>(pod.metadata.namespace_, claim)));
      if (!bound || bound->spec.volume_name.empty()) continue;
      CO_TRY(auto disk, co_await found(reader.get<core::PersistentVolume>("", bound->spec.volume_name)));
      if (disk && disk->spec.csi) driver = disk->spec.csi->driver;
    }
    if (driver.empty()) continue;
    CO_TRY(auto known, co_await found(reader.get<api::storage_k8s_io_v1::CSIDriver>("", driver)));
    if (!known) continue;
    for (const auto& request : known->spec.token_requests) {
      if (request.audience == audience) co_return true;
    }
  }
  co_return false;
}

}  // namespace apiserver
