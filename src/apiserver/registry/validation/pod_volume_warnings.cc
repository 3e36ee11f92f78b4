// Kinds of volumes that are no more, and files of a volume that are in each other's way.

#include "apiserver/registry/validation/pod_warnings.h"
#include "apiserver/registry/validation/storage_warnings.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

void warn_about_sources(Warnings& warnings, const core::Volume& volume, const Place& at) {
  if (volume.photon_persistent_disk) {
    warn(warnings, Place(at, "photonPersistentDisk"), "deprecated in v1.11, non-functional in v1.16+");
  }
  if (volume.git_repo) warn(warnings, Place(at, "gitRepo"), "deprecated in v1.11, and disabled by default in v1.33+");
  if (volume.scale_io) warn(warnings, Place(at, "scaleIO"), "deprecated in v1.16, non-functional in v1.22+");
  if (volume.flocker) warn(warnings, Place(at, "flocker"), "deprecated in v1.22, non-functional in v1.25+");
  if (volume.storageos) warn(warnings, Place(at, "storageOS"), "deprecated in v1.22, non-functional in v1.25+");
  if (volume.quobyte) warn(warnings, Place(at, "quobyte"), "deprecated in v1.22, non-functional in v1.25+");
  if (volume.glusterfs) warn(warnings, Place(at, "glusterfs"), "deprecated in v1.25, non-functional in v1.26+");
  if (volume.ephemeral && volume.ephemeral->volume_claim_template) {
    warn_about_claim_spec(warnings, volume.ephemeral->volume_claim_template->spec,
                          Place(at, "ephemeral.volumeClaimTemplate.spec"));
  }
  if (volume.cephfs) warn(warnings, Place(at, "cephfs"), "deprecated in v1.28, non-functional in v1.31+");
  if (volume.rbd) warn(warnings, Place(at, "rbd"), "deprecated in v1.28, non-functional in v1.31+");
}

// Files of one volume that are to lie where another is.
class FileOverlaps {
 public:
  FileOverlaps(Warnings& warnings, std::string_view volume, std::string description)
      : warnings_(warnings), volume_(volume), description_(std::move(description)) {}

  template <class Items>
  void add_items(const Items& items, const std::string& source) {
    for (const auto& item : items) add(item.path, source);
  }

  void add(std::string_view path, const std::string& source) {
    File file{path.substr(0, path.find_last_not_of('/') + 1), source};
    for (const auto& other : files_) {
      if (!is_within(file.path, other.path) && !is_within(other.path, file.path)) continue;
      warnings_.push_back(base::cat({"volume ", base::quote(volume_), " (", description_,
                                     "): overlapping paths: ", file.to_string(), " with ", other.to_string()}));
    }
    files_.push_back(std::move(file));
  }

 private:
  struct File {
    std::string_view path;
    std::string source;

    std::string to_string() const {
      return source.empty() ? base::quote(path) : base::cat({base::quote(path), " (", source, ")"});
    }
  };

  static bool is_within(std::string_view path, std::string_view other) {
    return path.starts_with(other) && (path.size() == other.size() || path[other.size()] == '/');
  }

  Warnings& warnings_;
  std::string_view volume_;
  std::string description_;
  std::vector<File> files_;
};

void add_projection(FileOverlaps& files, const core::VolumeProjection& source) {
  if (source.config_map) {
    files.add_items(source.config_map->items, base::cat({"ConfigMap ", base::quote(source.config_map->name)}));
  } else if (source.secret) {
    files.add_items(source.secret->items, base::cat({"Secret ", base::quote(source.secret->name)}));
  } else if (source.downward_api) {
    files.add_items(source.downward_api->items, "DownwardAPI");
  } else if (source.service_account_token) {
    files.add(source.service_account_token->path, "ServiceAccountToken");
  } else if (source.cluster_trust_bundle) {
    const auto& bundle = *source.cluster_trust_bundle;
    files.add(bundle.path,
              base::cat({"ClusterTrustBundle ", base::quote(bundle.name.value_or(bundle.signer_name.value_or("")))}));
  } else if (source.pod_certificate) {
    const auto& own = *source.pod_certificate;
    if (!own.certificate_chain_path.empty()) files.add(own.certificate_chain_path, "PodCertificate chain");
    if (!own.key_path.empty()) files.add(own.key_path, "PodCertificate key");
    if (!own.credential_bundle_path.empty()) files.add(own.credential_bundle_path, "PodCertificate credential bundle");
  }
}

bool is_empty(const core::VolumeProjection& source) {
  return !source.config_map && !source.secret && !source.downward_api && !source.service_account_token &&
         !source.cluster_trust_bundle && !source.pod_certificate;
}

void warn_about_overlapping_files(Warnings& warnings, const core::Volume& volume) {
  if (volume.config_map) {
    FileOverlaps(warnings, volume.name, base::cat({"ConfigMap ", base::quote(volume.config_map->name)}))
        .add_items(volume.config_map->items, "");
  }
  if (volume.secret) {
    FileOverlaps(warnings, volume.name, base::cat({"Secret ", base::quote(volume.secret->secret_name)}))
        .add_items(volume.secret->items, "");
  }
  if (volume.downward_api) FileOverlaps(warnings, volume.name, "DownwardAPI").add_items(volume.downward_api->items, "");
  if (!volume.projected) return;
  FileOverlaps files(warnings, volume.name, "Projected");
  for (const auto& source : volume.projected->sources) {
    if (is_empty(source)) {
      warnings.push_back(base::cat({"volume ", base::quote(volume.name), " (Projected) has no sources provided"}));
    } else {
      add_projection(files, source);
    }
  }
}

}  // namespace

void warn_about_volumes(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  Place volumes(at, "volumes");
  for (size_t i = 0; i < spec.volumes.size(); ++i) warn_about_sources(warnings, spec.volumes[i], Place(volumes, i));
  for (const auto& volume : spec.volumes) warn_about_overlapping_files(warnings, volume);
}

}  // namespace apiserver
