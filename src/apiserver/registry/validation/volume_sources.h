// The kinds of volumes that pods and persistent volumes have in common, or nearly. What differs is where secrets are.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {

// Which of the sources is set: one has to be, and only the first is looked at.
class SourceChoice {
 public:
  SourceChoice(Report& report, const Place& at) : report_(report), at_(at) {}

  // Whether it is the one to look at. `shown` is the name in the complaint about another one.
  bool takes(bool set, std::string_view shown);
  bool found() const { return found_; }
  void finish();

 private:
  Report& report_;
  const Place& at_;
  bool found_ = false;
};

void check_host_path(Report& report, const api::core_v1::HostPathVolumeSource& source, const Place& at);
void check_nfs(Report& report, const api::core_v1::NFSVolumeSource& source, const Place& at);
void check_fibre_channel(Report& report, const api::core_v1::FCVolumeSource& source, const Place& at);
void check_flocker(Report& report, const api::core_v1::FlockerVolumeSource& source, const Place& at);
void check_quobyte(Report& report, const api::core_v1::QuobyteVolumeSource& source, const Place& at);
void check_azure_disk(Report& report, const api::core_v1::AzureDiskVolumeSource& source, const Place& at);
void check_gce_disk(Report& report, const api::core_v1::GCEPersistentDiskVolumeSource& source, const Place& at);
void check_aws_disk(Report& report, const api::core_v1::AWSElasticBlockStoreVolumeSource& source, const Place& at);
void check_csi_driver_name(Report& report, std::string_view name, const Place& at);
void check_required(Report& report, std::string_view text, const Place& at);
// "iqn.2001-04.com.example:storage", "eui.0123456789ABCDEF", "naa...": whether it has one of the forms, and the right
// one.
bool has_iscsi_prefix(std::string_view name);
bool is_iscsi_name(std::string_view name);
void check_flex_options(Report& report, const Labels& options, const Place& at);

// What both forms of a source have; each form keeps its secrets elsewhere.
template <class Source>
void check_rbd(Report& report, const Source& source, const Place& at) {
  if (source.monitors.empty()) report.required(Place(at, "monitors"));
  check_required(report, source.image, Place(at, "image"));
}
template <class Source>
void check_glusterfs_volume(Report& report, const Source& source, const Place& at) {
  check_required(report, source.endpoints, Place(at, "endpoints"));
  check_required(report, source.path, Place(at, "path"));
}
template <class Source>
void check_flex(Report& report, const Source& source, const Place& at) {
  check_required(report, source.driver, Place(at, "driver"));
  check_flex_options(report, source.options, Place(at, "options"));
}
template <class Source>
void check_azure_share(Report& report, const Source& source, const Place& at) {
  check_required(report, source.secret_name, Place(at, "secretName"));
  check_required(report, source.share_name, Place(at, "shareName"));
}
template <class Source>
void check_scale_io(Report& report, const Source& source, const Place& at) {
  check_required(report, source.gateway, Place(at, "gateway"));
  check_required(report, source.system, Place(at, "system"));
  check_required(report, source.volume_name, Place(at, "volumeName"));
}
template <class Source>
void check_storage_os_volume(Report& report, const Source& source, const Place& at) {
  Place name(at, "volumeName");
  if (source.volume_name.empty()) {
    report.required(name);
  } else {
    report.problems(name, source.volume_name, schema::check_dns1123_label(source.volume_name));
  }
  if (!source.volume_namespace.empty()) {
    report.problems(Place(at, "volumeNamespace"), source.volume_namespace,
                    schema::check_dns1123_label(source.volume_namespace));
  }
}
// vSphere, Photon, Portworx: one identifier each.
template <class Spec>
void check_named_disks(Report& report, SourceChoice& choice, const Spec& spec, const Place& at) {
  if (choice.takes(spec.vsphere_volume.has_value(), "vsphereVolume")) {
    check_required(report, spec.vsphere_volume->volume_path, Place(at, "vsphereVolume.volumePath"));
  }
  if (choice.takes(spec.photon_persistent_disk.has_value(), "photonPersistentDisk")) {
    check_required(report, spec.photon_persistent_disk->pd_id, Place(at, "photonPersistentDisk.pdID"));
  }
  if (choice.takes(spec.portworx_volume.has_value(), "portworxVolume")) {
    check_required(report, spec.portworx_volume->volume_id, Place(at, "portworxVolume.volumeID"));
  }
}

void check_claim_spec(Report& report, const api::core_v1::PersistentVolumeClaimSpec& spec, SelectorValues values,
                      bool any_api_group, const Place& at);

}  // namespace apiserver
