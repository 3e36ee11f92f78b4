// A pod's volumes.

#include <set>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "apiserver/registry/validation/volume_sources.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kFileMode = "must be a number between 0 and 0777 (octal), both inclusive";
constexpr int64_t kTokenSecondsMin = 600;
constexpr int64_t kTokenSecondsMax = int64_t{1} << 32;
constexpr size_t kIscsiNameMax = 64;

void check_mode(Report& report, const std::optional<int32_t>& mode, const Place& at) {
  if (mode && (*mode > 0777 || *mode < 0)) report.invalid(at, *mode, kFileMode);
}

void check_items(Report& report, const std::vector<core::KeyToPath>& items, const Place& at) {
  Place list(at, "items");
  for (size_t i = 0; i < items.size(); ++i) {
    Place here(list, i);
    check_required(report, items[i].key, Place(here, "key"));
    Place path(here, "path");
    check_required(report, items[i].path, path);
    check_non_reserved_path(report, items[i].path, path);
    check_mode(report, items[i].mode, Place(here, "mode"));
  }
}

void check_downward_file(Report& report, const core::DownwardAPIVolumeFile& file, const Place& at) {
  Place path(at, "path");
  check_required(report, file.path, path);
  check_non_reserved_path(report, file.path, path);
  if (file.field_ref) {
    check_field_ref(report, *file.field_ref,
                    {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"},
                    Place(at, "fieldRef"));
    if (file.resource_field_ref) {
      report.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
    }
  } else if (file.resource_field_ref) {
    check_resource_field_ref(report, *file.resource_field_ref, ResourceFieldUse::File, Place(at, "resourceFieldRef"));
  } else {
    report.required(at, "one of fieldRef and resourceFieldRef is required");
  }
  check_mode(report, file.mode, Place(at, "mode"));
}

// Files of several sources in one directory: each path once.
class Projection {
 public:
  Projection(Report& report, const PodScope& scope, const Place& at) : report_(report), scope_(scope), at_(at) {}

  void check(const core::ProjectedVolumeSource& volume) {
    check_mode(report_, volume.default_mode, Place(at_, "defaultMode"));
    Place sources(at_, "sources");
    for (size_t i = 0; i < volume.sources.size(); ++i) check_source(volume.sources[i], Place(sources, i));
  }

 private:
  void take(const std::string& path, std::string_view shown) {
    if (!path.empty() && !paths_.insert(path).second) report_.invalid(at_, shown, "conflicting duplicate paths");
  }

  template <class Source>
  void check_keys(const Source& source, const Place& here) {
    check_required(report_, source.name, Place(here, "name"));
    check_items(report_, source.items, here);
    for (const auto& item : source.items) take(item.path, source.name);
  }

  void check_source(const core::VolumeProjection& source, const Place& here) {
    int sources = 0;
    if (source.secret) {
      ++sources;
      check_keys(*source.secret, Place(here, "secret"));
    }
    if (source.config_map) {
      ++sources;
      check_keys(*source.config_map, Place(here, "configMap"));
    }
    if (source.downward_api) {
      ++sources;
      Place downward(here, "downwardAPI");
      for (const auto& file : source.downward_api->items) {
        check_downward_file(report_, file, downward);
        take(file.path, file.path);
      }
    }
    if (source.service_account_token) {
      ++sources;
      check_token(*source.service_account_token, Place(here, "serviceAccountToken"));
    }
    if (sources > 1) report_.forbidden(here, "may not specify more than 1 volume type per source");
  }

  void check_token(const core::ServiceAccountTokenProjection& token, const Place& here) {
    Place expiration(here, "expirationSeconds");
    int64_t seconds = token.expiration_seconds.value_or(0);
    if (seconds < kTokenSecondsMin)
      report_.invalid(expiration, seconds, "may not specify a duration less than 10 minutes");
    if (seconds > kTokenSecondsMax)
      report_.invalid(expiration, seconds, "may not specify a duration larger than 2^32 seconds");
    Place path(at_, "path");
    if (token.path.empty()) {
      report_.required(path);
    } else if (scope_.rules.token_paths_are_local) {
      check_non_reserved_path(report_, token.path, path);
    }
  }

  Report& report_;
  const PodScope& scope_;
  const Place& at_;
  std::set<std::string> paths_;
};

void check_iscsi(Report& report, const core::ISCSIVolumeSource& source, const Place& at) {
  check_required(report, source.target_portal, Place(at, "targetPortal"));
  auto check_name = [&](const std::string& name, const Place& here) {
    if (!has_iscsi_prefix(name)) {
      report.invalid(here, name, "must be valid format starting with iqn, eui, or naa");
    } else if (!is_iscsi_name(name)) {
      report.invalid(here, name, "must be valid format");
    }
  };
  if (source.iqn.empty()) {
    report.required(Place(at, "iqn"));
  } else {
    check_name(source.iqn, Place(at, "iqn"));
  }
  report.problems(Place(at, "lun"), int64_t{source.lun}, schema::check_in_range(source.lun, 0, 255));
  if ((source.chap_auth_discovery || source.chap_auth_session) && !source.secret_ref)
    report.required(Place(at, "secretRef"));
  if (source.initiator_name) check_name(*source.initiator_name, Place(at, "initiatorname"));
}

void check_storage_os(Report& report, const core::StorageOSVolumeSource& source, const Place& at) {
  check_storage_os_volume(report, source, at);
  if (source.secret_ref && source.secret_ref->name.empty()) report.required(Place(at, "secretRef.name"));
}

void check_csi(Report& report, const core::CSIVolumeSource& source, const Place& at) {
  check_csi_driver_name(report, source.driver, Place(at, "driver"));
  if (!source.node_publish_secret_ref) return;
  const auto& name = source.node_publish_secret_ref->name;
  if (name.empty()) {
    report.required(Place(at, "nodePublishSecretRef.name"));
  } else {
    report.problems(Place(at, "name"), name, schema::check_dns1123_subdomain(name));
  }
}

void check_ephemeral(Report& report, const PodScope& scope, const core::Volume& volume, const Place& at) {
  Place here(at, "ephemeral.volumeClaimTemplate");
  if (!volume.ephemeral->volume_claim_template) {
    report.required(here);
  } else {
    const auto& claim = *volume.ephemeral->volume_claim_template;
    check_template_metadata(report, claim.metadata, Place(here, "metadata"));
    check_claim_spec(report, claim.spec, SelectorValues::Checked, false, Place(here, "spec"));
  }
  if (scope.pod == nullptr || scope.pod->name.empty() || volume.name.empty()) return;
  std::string claim_name = scope.pod->name + "-" + volume.name;
  for (const auto& problem : schema::check_dns1123_subdomain(claim_name)) {
    report.invalid(Place(at, "name"), volume.name, base::cat({"PVC name ", base::quote(claim_name), ": ", problem}));
  }
}

void check_image(Report& report, const PodScope& scope, const core::ImageVolumeSource& source, const Place& at) {
  // Templates may leave it to what makes pods of them.
  if (scope.rules.is_pod) check_required(report, source.reference, Place(at, "reference"));
  report.required_one_of(Place(at, "pullPolicy"), source.pull_policy, {"Always", "IfNotPresent", "Never"});
}

void check_source(Report& report, const PodScope& scope, const core::Volume& volume, const Place& at) {
  SourceChoice choice(report, at);
  if (choice.takes(volume.empty_dir.has_value(), "emptyDir") && volume.empty_dir->size_limit &&
      volume.empty_dir->size_limit->sign() < 0) {
    report.forbidden(Place(at, "emptyDir.sizeLimit"), "SizeLimit field must be a valid resource quantity");
  }
  if (choice.takes(volume.host_path.has_value(), "hostPath"))
    check_host_path(report, *volume.host_path, Place(at, "hostPath"));
  if (choice.takes(volume.git_repo.has_value(), "gitRepo")) {
    Place here(at, "gitRepo");
    check_required(report, volume.git_repo->repository, Place(here, "repository"));
    check_descending_path(report, volume.git_repo->directory, Place(here, "directory"));
  }
  if (choice.takes(volume.gce_persistent_disk.has_value(), "gcePersistentDisk")) {
    check_gce_disk(report, *volume.gce_persistent_disk, Place(at, "persistentDisk"));
  }
  if (choice.takes(volume.aws_elastic_block_store.has_value(), "awsElasticBlockStore")) {
    check_aws_disk(report, *volume.aws_elastic_block_store, Place(at, "awsElasticBlockStore"));
  }
  if (choice.takes(volume.secret.has_value(), "secret")) {
    Place here(at, "secret");
    check_required(report, volume.secret->secret_name, Place(here, "secretName"));
    check_mode(report, volume.secret->default_mode, Place(here, "defaultMode"));
    check_items(report, volume.secret->items, here);
  }
  if (choice.takes(volume.nfs.has_value(), "nfs")) check_nfs(report, *volume.nfs, Place(at, "nfs"));
  if (choice.takes(volume.iscsi.has_value(), "iscsi")) check_iscsi(report, *volume.iscsi, Place(at, "iscsi"));
  if (volume.iscsi && volume.iscsi->initiator_name &&
      volume.name.size() + 1 + volume.iscsi->target_portal.size() > kIscsiNameMax) {
    report.invalid(Place(at, "name"), volume.name,
                   "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
                   "iscsi.initiatorName is specified.");
  }
  if (choice.takes(volume.glusterfs.has_value(), "glusterfs"))
    check_glusterfs_volume(report, *volume.glusterfs, Place(at, "glusterfs"));
  if (choice.takes(volume.flocker.has_value(), "flocker")) check_flocker(report, *volume.flocker, Place(at, "flocker"));
  if (choice.takes(volume.persistent_volume_claim.has_value(), "persistentVolumeClaim")) {
    check_required(report, volume.persistent_volume_claim->claim_name, Place(at, "persistentVolumeClaim.claimName"));
  }
  if (choice.takes(volume.rbd.has_value(), "rbd")) check_rbd(report, *volume.rbd, Place(at, "rbd"));
  if (choice.takes(volume.cinder.has_value(), "cinder")) {
    Place here(at, "cinder");
    check_required(report, volume.cinder->volume_id, Place(here, "volumeID"));
    if (volume.cinder->secret_ref)
      check_required(report, volume.cinder->secret_ref->name, Place(here, "secretRef.name"));
  }
  if (choice.takes(volume.cephfs.has_value(), "cephFS") && volume.cephfs->monitors.empty())
    report.required(Place(at, "cephfs.monitors"));
  if (choice.takes(volume.quobyte.has_value(), "quobyte")) check_quobyte(report, *volume.quobyte, Place(at, "quobyte"));
  // The name in the complaint is spelled as upstream has it.
  if (choice.takes(volume.downward_api.has_value(), "downwarAPI")) {
    Place here(at, "downwardAPI");
    check_mode(report, volume.downward_api->default_mode, Place(here, "defaultMode"));
    for (const auto& file : volume.downward_api->items) check_downward_file(report, file, here);
  }
  if (choice.takes(volume.fc.has_value(), "fc")) check_fibre_channel(report, *volume.fc, Place(at, "fc"));
  if (choice.takes(volume.flex_volume.has_value(), "flexVolume"))
    check_flex(report, *volume.flex_volume, Place(at, "flexVolume"));
  if (choice.takes(volume.config_map.has_value(), "configMap")) {
    Place here(at, "configMap");
    check_required(report, volume.config_map->name, Place(here, "name"));
    check_mode(report, volume.config_map->default_mode, Place(here, "defaultMode"));
    check_items(report, volume.config_map->items, here);
  }
  if (choice.takes(volume.azure_file.has_value(), "azureFile"))
    check_azure_share(report, *volume.azure_file, Place(at, "azureFile"));
  check_named_disks(report, choice, volume, at);
  if (choice.takes(volume.azure_disk.has_value(), "azureDisk"))
    check_azure_disk(report, *volume.azure_disk, Place(at, "azureDisk"));
  if (choice.takes(volume.storageos.has_value(), "storageos"))
    check_storage_os(report, *volume.storageos, Place(at, "storageos"));
  if (choice.takes(volume.projected.has_value(), "projected")) {
    Place here(at, "projected");
    Projection(report, scope, here).check(*volume.projected);
  }
  if (choice.takes(volume.scale_io.has_value(), "scaleIO"))
    check_scale_io(report, *volume.scale_io, Place(at, "scaleIO"));
  if (choice.takes(volume.csi.has_value(), "csi")) check_csi(report, *volume.csi, Place(at, "csi"));
  if (choice.takes(volume.ephemeral.has_value(), "ephemeral")) check_ephemeral(report, scope, volume, at);
  if (choice.takes(volume.image.has_value(), "image")) check_image(report, scope, *volume.image, Place(at, "image"));
  choice.finish();
}

}  // namespace

void check_volumes(Report& report, PodScope& scope, const Place& at) {
  const auto& volumes = scope.spec.volumes;
  scope.volumes.reserve(volumes.size());
  std::set<std::string> made;  // claims that are made from ephemeral volumes
  if (scope.pod != nullptr && !scope.pod->name.empty()) {
    for (const auto& volume : volumes) {
      if (volume.ephemeral) made.insert(scope.pod->name + "-" + volume.name);
    }
  }
  for (size_t i = 0; i < volumes.size(); ++i) {
    const auto& volume = volumes[i];
    Place here(at, i);
    Place name(here, "name");
    size_t before = report.size();
    check_source(report, scope, volume, here);
    if (volume.name.empty()) {
      report.required(name);
    } else {
      report.problems(name, volume.name, schema::check_dns1123_label(volume.name));
    }
    if (scope.volume(volume.name) != nullptr) report.duplicate(name, volume.name);
    if (report.size() == before) scope.volumes.push_back(&volume);
    if (volume.persistent_volume_claim && made.contains(volume.persistent_volume_claim->claim_name)) {
      report.invalid(Place(here, "persistentVolumeClaim.claimName"), volume.persistent_volume_claim->claim_name,
                     "must not reference a PVC that gets created for an ephemeral volume");
    }
  }
}

}  // namespace apiserver
