#include <algorithm>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "apiserver/registry/validation/resources.h"
#include "apiserver/registry/validation/storage.h"
#include "apiserver/registry/validation/volume_sources.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

constexpr size_t kIscsiNameMax = 64;

template <class Spec>
void check_modes(Report& report, const Spec& spec, const Place& at) {
  bool exclusive = false;
  bool other = false;
  for (const auto& mode : spec.access_modes) {
    report.one_of(at, mode, {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
    if (mode == "ReadWriteOncePod") {
      exclusive = true;
    } else if (is_one_of(mode, {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce"})) {
      other = true;
    }
  }
  if (exclusive && other) report.forbidden(at, "may not use ReadWriteOncePod with other access modes");
}

template <class Reference>
void check_secret(Report& report, const schema::Box<Reference>& secret, const Place& at) {
  if (!secret) return;
  check_required(report, secret->name, Place(at, "name"));
  check_required(report, secret->namespace_, Place(at, "namespace"));
}

void check_csi_secret(Report& report, const schema::Box<core::SecretReference>& secret, const Place& at) {
  if (!secret) return;
  Place name(at, "name");
  Place namespace_(at, "namespace");
  if (secret->name.empty()) {
    report.required(name);
  } else {
    report.problems(name, secret->name, schema::check_dns1123_subdomain(secret->name));
  }
  if (secret->namespace_.empty()) {
    report.required(namespace_);
  } else {
    report.problems(namespace_, secret->namespace_, schema::check_dns1123_label(secret->namespace_));
  }
}

void check_csi(Report& report, const core::CSIPersistentVolumeSource& source, const Place& at) {
  check_csi_driver_name(report, source.driver, Place(at, "driver"));
  check_required(report, source.volume_handle, Place(at, "volumeHandle"));
  check_csi_secret(report, source.controller_publish_secret_ref, Place(at, "controllerPublishSecretRef"));
  check_csi_secret(report, source.controller_expand_secret_ref, Place(at, "controllerExpandSecretRef"));
  check_csi_secret(report, source.node_publish_secret_ref, Place(at, "nodePublishSecretRef"));
  check_csi_secret(report, source.node_expand_secret_ref, Place(at, "nodeExpandSecretRef"));
}

void check_iscsi(Report& report, const core::ISCSIPersistentVolumeSource& source, std::string_view volume,
                 const Place& at) {
  check_required(report, source.target_portal, Place(at, "targetPortal"));
  if (source.initiator_name && volume.size() + 1 + source.target_portal.size() > kIscsiNameMax) {
    report.invalid(Place(at, "targetportal"), source.target_portal,
                   "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
                   "iscsi.initiatorName is specified.");
  }
  if (source.iqn.empty()) {
    report.required(Place(at, "iqn"));
  } else if (!is_iscsi_name(source.iqn)) {
    report.invalid(Place(at, "iqn"), source.iqn, "must be valid format");
  }
  report.problems(Place(at, "lun"), int64_t{source.lun}, schema::check_in_range(source.lun, 0, 255));
  if ((source.chap_auth_discovery || source.chap_auth_session) && !source.secret_ref)
    report.required(Place(at, "secretRef"));
  if (source.secret_ref) check_required(report, source.secret_ref->name, Place(at, "secretRef.name"));
  if (source.initiator_name && !is_iscsi_name(*source.initiator_name)) {
    report.invalid(Place(at, "initiatorname"), *source.initiator_name, "must be valid format");
  }
}

void check_glusterfs(Report& report, const core::GlusterfsPersistentVolumeSource& source, const Place& at) {
  check_glusterfs_volume(report, source, at);
  if (!source.endpoints_namespace) return;
  Place here(at, "endpointsNamespace");
  if (source.endpoints_namespace->empty()) {
    report.invalid(here, "", "if the endpointnamespace is set, it must be a valid namespace name");
  } else {
    report.problems(here, *source.endpoints_namespace, schema::check_dns1123_label(*source.endpoints_namespace));
  }
}

void check_storage_os(Report& report, const core::StorageOSPersistentVolumeSource& source, const Place& at) {
  check_storage_os_volume(report, source, at);
  check_secret(report, source.secret_ref, Place(at, "secretRef"));
}

void check_source(Report& report, const core::PersistentVolumeSpec& spec, std::string_view volume, const Place& at) {
  SourceChoice choice(report, at);
  if (choice.takes(spec.host_path.has_value(), "hostPath"))
    check_host_path(report, *spec.host_path, Place(at, "hostPath"));
  if (choice.takes(spec.gce_persistent_disk.has_value(), "gcePersistentDisk")) {
    check_gce_disk(report, *spec.gce_persistent_disk, Place(at, "persistentDisk"));
  }
  if (choice.takes(spec.aws_elastic_block_store.has_value(), "awsElasticBlockStore")) {
    check_aws_disk(report, *spec.aws_elastic_block_store, Place(at, "awsElasticBlockStore"));
  }
  if (choice.takes(spec.glusterfs.has_value(), "glusterfs"))
    check_glusterfs(report, *spec.glusterfs, Place(at, "glusterfs"));
  if (choice.takes(spec.flocker.has_value(), "flocker")) check_flocker(report, *spec.flocker, Place(at, "flocker"));
  if (choice.takes(spec.nfs.has_value(), "nfs")) check_nfs(report, *spec.nfs, Place(at, "nfs"));
  if (choice.takes(spec.rbd.has_value(), "rbd")) check_rbd(report, *spec.rbd, Place(at, "rbd"));
  if (choice.takes(spec.quobyte.has_value(), "quobyte")) check_quobyte(report, *spec.quobyte, Place(at, "quobyte"));
  if (choice.takes(spec.cephfs.has_value(), "cephFS") && spec.cephfs->monitors.empty())
    report.required(Place(at, "cephfs.monitors"));
  if (choice.takes(spec.iscsi.has_value(), "iscsi")) check_iscsi(report, *spec.iscsi, volume, Place(at, "iscsi"));
  if (choice.takes(spec.cinder.has_value(), "cinder")) {
    Place here(at, "cinder");
    check_required(report, spec.cinder->volume_id, Place(here, "volumeID"));
    check_secret(report, spec.cinder->secret_ref, Place(here, "secretRef"));
  }
  if (choice.takes(spec.fc.has_value(), "fc")) check_fibre_channel(report, *spec.fc, Place(at, "fc"));
  if (choice.takes(spec.flex_volume.has_value(), "flexVolume"))
    check_flex(report, *spec.flex_volume, Place(at, "flexVolume"));
  if (choice.takes(spec.azure_file.has_value(), "azureFile")) {
    Place here(at, "azureFile");
    check_azure_share(report, *spec.azure_file, here);
    if (spec.azure_file->secret_namespace)
      check_required(report, *spec.azure_file->secret_namespace, Place(here, "secretNamespace"));
  }
  check_named_disks(report, choice, spec, at);
  if (choice.takes(spec.azure_disk.has_value(), "azureDisk"))
    check_azure_disk(report, *spec.azure_disk, Place(at, "azureDisk"));
  if (choice.takes(spec.scale_io.has_value(), "scaleIO")) check_scale_io(report, *spec.scale_io, Place(at, "scaleIO"));
  if (choice.takes(spec.local.has_value(), "local")) {
    Place here(at, "local");
    if (spec.local->path.empty()) {
      report.required(Place(here, "path"));
    } else {
      check_no_backsteps(report, spec.local->path, Place(here, "path"));
    }
    if (!spec.node_affinity) report.required(Place(at, "nodeAffinity"), "Local volume requires node affinity");
  }
  if (choice.takes(spec.storageos.has_value(), "storageos"))
    check_storage_os(report, *spec.storageos, Place(at, "storageos"));
  if (choice.takes(spec.csi.has_value(), "csi")) check_csi(report, *spec.csi, Place(at, "csi"));
  choice.finish();
}

// Whether it names the root: "/", "//", "/a/..".
bool is_root(std::string_view path) {
  if (!path.starts_with('/')) return false;
  int depth = 0;
  for (auto part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    depth = part == ".." ? std::max(depth - 1, 0) : depth + 1;
  }
  return depth == 0;
}

void check_capacity(Report& report, const core::PersistentVolumeSpec& spec, const Place& at) {
  const Amounts& capacity = spec.capacity;
  if (capacity.empty()) report.required(at);
  if (!capacity.contains("storage") || capacity.size() > 1) {
    report.not_supported(at, schema::is_given(spec, capacity) ? bad_value(capacity) : schema::BadValue(), {"storage"});
  }
  for (const auto& [name, amount] : capacity) {
    Place here = Place::key(at, name);
    check_basic_amount(report, amount, here);
    check_positive(report, amount, here);
  }
}

void check_recycled_root(Report& report, const core::PersistentVolumeSpec& spec, const Place& at) {
  if (spec.host_path && is_root(spec.host_path->path) && spec.persistent_volume_reclaim_policy == "Recycle") {
    report.forbidden(Place(at, "persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
  }
}

void check_attributes_class(Report& report, const core::PersistentVolumeSpec& spec, const Place& at) {
  if (spec.volume_attributes_class_name) {
    Place here(at, "volumeAttributesClassName");
    if (spec.volume_attributes_class_name->empty()) {
      report.required(here, "an empty string is disallowed");
    } else {
      report.problems(here, *spec.volume_attributes_class_name,
                      schema::check_dns1123_subdomain(*spec.volume_attributes_class_name));
    }
    if (!spec.csi) report.required(Place(at, "csi"), "has to be specified when using volumeAttributesClassName");
  }
}

void check_spec(Report& report, const core::PersistentVolume& volume, SelectorValues node_affinity_values) {
  const auto& spec = volume.spec;
  Place at("spec");
  Place modes(at, "accessModes");
  if (spec.access_modes.empty()) report.required(modes);
  check_modes(report, spec, modes);
  check_capacity(report, spec, Place(at, "capacity"));
  if (!spec.persistent_volume_reclaim_policy.empty()) {
    report.one_of(Place(at, "persistentVolumeReclaimPolicy"), spec.persistent_volume_reclaim_policy,
                  {"Delete", "Recycle", "Retain"});
  }
  if (spec.node_affinity) {
    Place required(at, "nodeAffinity.required");
    if (spec.node_affinity->required) {
      check_node_selector(report, *spec.node_affinity->required, node_affinity_values, required);
    } else {
      report.required(required, "must specify required node constraints");
    }
  }
  check_source(report, spec, volume.metadata.name, at);
  check_recycled_root(report, spec, at);
  if (!spec.storage_class_name.empty()) {
    report.problems(Place(at, "storageClassName"), spec.storage_class_name,
                    schema::check_dns1123_subdomain(spec.storage_class_name));
  }
  if (spec.volume_mode) report.one_of(Place(at, "volumeMode"), *spec.volume_mode, {"Block", "Filesystem"});
  check_attributes_class(report, spec, at);
}

// As an annotation, from before there was a field: for kinds of volumes that had it then.
void check_mount_options(Report& report, const core::PersistentVolume& volume) {
  constexpr std::string_view kAnnotation = "volume.beta.kubernetes.io/mount-options";
  const auto& spec = volume.spec;
  if (!volume.metadata.annotations.contains(kAnnotation) || spec.gce_persistent_disk || spec.aws_elastic_block_store ||
      spec.glusterfs || spec.nfs || spec.rbd || spec.quobyte || spec.iscsi || spec.cinder || spec.cephfs ||
      spec.azure_file || spec.vsphere_volume || spec.azure_disk || spec.photon_persistent_disk) {
    return;
  }
  Place annotations("metadata.annotations");
  report.forbidden(Place(annotations, kAnnotation), "may not specify mount options for this volume type");
}

bool has_bad_values(const core::PersistentVolume& volume) {
  if (!volume.spec.node_affinity || !volume.spec.node_affinity->required) return false;
  for (const auto& term : volume.spec.node_affinity->required->node_selector_terms) {
    for (const auto& expression : term.match_expressions) {
      if (!std::ranges::all_of(expression.values, schema::is_label_value)) return true;
    }
  }
  return false;
}

std::string_view stable_label(std::string_view key) {
  if (key == "failure-domain.beta.kubernetes.io/zone") return "topology.kubernetes.io/zone";
  if (key == "failure-domain.beta.kubernetes.io/region") return "topology.kubernetes.io/region";
  if (key == "beta.kubernetes.io/os") return "kubernetes.io/os";
  if (key == "beta.kubernetes.io/arch") return "kubernetes.io/arch";
  if (key == "beta.kubernetes.io/instance-type") return "node.kubernetes.io/instance-type";
  return key;
}

// Labels may change from their old names to the ones that stay.
bool same_but_for_old_labels(core::VolumeNodeAffinity next, core::VolumeNodeAffinity current) {
  if (!next.required || !current.required) return next == current;
  auto& now = next.required->node_selector_terms;
  auto& before = current.required->node_selector_terms;
  for (size_t i = 0; i < now.size() && i < before.size(); ++i) {
    auto& left = now[i].match_expressions;
    auto& right = before[i].match_expressions;
    for (size_t j = 0; j < left.size() && j < right.size(); ++j) {
      if (stable_label(right[j].key) == left[j].key) right[j].key = left[j].key;
    }
  }
  return next == current;
}

}  // namespace

void check_inline_volume(Report& report, const core::PersistentVolumeSpec& spec, const Place& at) {
  constexpr std::string_view kNotInline = "may not be specified in the context of inline volumes";
  auto refuse = [&](bool given, const char* name, std::string_view why) {
    if (given) report.forbidden(Place(at, name), why);
  };
  refuse(spec.claim_ref.has_value(), "claimRef", kNotInline);
  refuse(!spec.capacity.empty(), "capacity", kNotInline);
  if (!spec.csi) report.required(Place(at, "csi"), "has to be specified in the context of inline volumes");
  Place modes(at, "accessModes");
  if (spec.access_modes.empty()) report.required(modes);
  check_modes(report, spec, modes);
  refuse(!spec.persistent_volume_reclaim_policy.empty() && spec.persistent_volume_reclaim_policy != "Retain",
         "persistentVolumeReclaimPolicy", "may only be Retain in the context of inline volumes");
  refuse(spec.node_affinity.has_value(), "nodeAffinity", kNotInline);
  check_source(report, spec, "", at);
  check_recycled_root(report, spec, at);
  refuse(!spec.storage_class_name.empty(), "storageClassName", kNotInline);
  refuse(spec.volume_mode && *spec.volume_mode != "Filesystem", "volumeMode",
         "may not specify volumeMode other than Filesystem in the context of inline volumes");
  check_attributes_class(report, spec, at);
}

FieldErrors validate_persistent_volume(const core::PersistentVolume& next, const core::PersistentVolume* current) {
  Report report;
  bool lenient = current != nullptr && has_bad_values(*current);
  auto values = lenient ? SelectorValues::Unchecked : SelectorValues::Checked;
  check_spec(report, next, values);
  check_mount_options(report, next);
  if (current == nullptr) return report.take();
  check_spec(report, next, values);  // what is wrong with it is said once more with the update
  core::PersistentVolumeSource source = next.spec;
  const core::PersistentVolumeSource& before = current->spec;
  // A secret for growing it may be added.
  if (source.csi && before.csi && !before.csi->controller_expand_secret_ref)
    source.csi->controller_expand_secret_ref.reset();
  if (!(source == before)) {
    report.forbidden(Place("spec.persistentvolumesource"),
                     base::cat({"spec.persistentvolumesource is immutable after creation\n", go_diff(before, source)}));
  }
  report.immutable_unless(next.spec.volume_mode == current->spec.volume_mode, Place("volumeMode"),
                          bad_value(next.spec.volume_mode));
  if (current->spec.node_affinity &&
      !(next.spec.node_affinity && same_but_for_old_labels(*next.spec.node_affinity, *current->spec.node_affinity))) {
    report.invalid(Place("nodeAffinity"), go_value(next.spec.node_affinity),
                   "field is immutable, except for updating from beta label to GA");
  }
  if (current->spec.volume_attributes_class_name && !next.spec.volume_attributes_class_name) {
    report.forbidden(Place("spec.volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
  }
  return report.take();
}

}  // namespace apiserver
