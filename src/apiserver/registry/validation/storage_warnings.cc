#include "apiserver/registry/validation/storage_warnings.h"

#include "apiserver/registry/validation/values.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

void warn_about_annotation(Warnings& warnings, const Labels& annotations, std::string_view name,
                           std::string_view text) {
  if (annotations.contains(name)) warn(warnings, Place::key(Place("metadata.annotations"), name), text);
}

constexpr std::string_view kStorageClass = "volume.beta.kubernetes.io/storage-class";
constexpr std::string_view kStorageClassText = "deprecated since v1.8; use \"storageClassName\" attribute instead";

}  // namespace

void warn_about_volume(Warnings& warnings, const core::PersistentVolume& volume) {
  warn_about_annotation(warnings, volume.metadata.annotations, kStorageClass, kStorageClassText);
  warn_about_annotation(warnings, volume.metadata.annotations, "volume.beta.kubernetes.io/mount-options",
                        "deprecated since v1.31; use \"mountOptions\" attribute instead");
  const auto& own = volume.spec;
  Place spec("spec");
  if (own.persistent_volume_reclaim_policy == "Recycle") {
    warn(warnings, Place(spec, "persistentVolumeReclaimPolicy"),
         "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.");
  }
  if (own.node_affinity && own.node_affinity->required) {
    Place terms(spec, "nodeAffinity.required.nodeSelectorTerms");
    const auto& list = own.node_affinity->required->node_selector_terms;
    for (size_t i = 0; i < list.size(); ++i)
      warn_about_node_term(warnings, list[i], TermUse::Requirement, Place(terms, i));
  }
  if (own.photon_persistent_disk)
    warn(warnings, Place(spec, "photonPersistentDisk"), "deprecated in v1.11, non-functional in v1.16+");
  if (own.scale_io) warn(warnings, Place(spec, "scaleIO"), "deprecated in v1.16, non-functional in v1.22+");
  if (own.storageos) warn(warnings, Place(spec, "storageOS"), "deprecated in v1.22, non-functional in v1.25+");
  if (own.cephfs) warn(warnings, Place(spec, "cephfs"), "deprecated in v1.28, non-functional in v1.31+");
  if (own.rbd) warn(warnings, Place(spec, "rbd"), "deprecated in v1.28, non-functional in v1.31+");
  if (own.glusterfs) warn(warnings, Place(spec, "glusterfs"), "deprecated in v1.25, non-functional in v1.26+");
  if (own.flocker) warn(warnings, Place(spec, "flocker"), "deprecated in v1.22, non-functional in v1.25+");
  if (own.quobyte) warn(warnings, Place(spec, "quobyte"), "deprecated in v1.22, non-functional in v1.25+");
  warn_about_fraction(warnings, own.capacity, "storage", Place(spec, "capacity"));
}

void warn_about_claim(Warnings& warnings, const core::PersistentVolumeClaim& claim) {
  warn_about_annotation(warnings, claim.metadata.annotations, kStorageClass, kStorageClassText);
  warn_about_claim_spec(warnings, claim.spec, Place("spec"));
}

void warn_about_claim_spec(Warnings& warnings, const core::PersistentVolumeClaimSpec& spec, const Place& at) {
  Place resources(at, "resources");
  warn_about_fraction(warnings, spec.resources.requests, "storage", Place(resources, "requests"));
  warn_about_fraction(warnings, spec.resources.limits, "storage", Place(resources, "limits"));
}

}  // namespace apiserver
