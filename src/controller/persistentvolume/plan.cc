#include "controller/persistentvolume/plan.h"

#include "base/strings.h"
#include "controller/common/ownership.h"
#include "volume/annotations.h"

namespace controller::persistentvolume {
namespace {

constexpr std::string_view kMismatch = "VolumeMismatch";
constexpr std::string_view kFailedBinding = "FailedBinding";

bool has(const api::meta_v1::ObjectMeta& meta, std::string_view annotation) {
  return meta.annotations.contains(annotation);
}

Note note(bool warning, std::string_view reason, std::string message) {
  return {.warning = warning, .reason = std::string(reason), .message = std::move(message)};
}

ClaimPlan pending(std::optional<Note> told = {}) {
  ClaimPlan plan;
  plan.phase = "Pending";
  plan.note = std::move(told);
  return plan;
}

ClaimPlan lost(std::string_view reason, std::string message) {
  ClaimPlan plan;
  plan.phase = "Lost";
  plan.note = note(true, reason, std::move(message));
  return plan;
}

ClaimPlan bind(VolumePointer volume) {
  ClaimPlan plan;
  plan.bind = std::move(volume);
  return plan;
}

// The newest of the default classes, for a claim that named none while there was none.
std::string default_class(const PersistentVolumeClaim& claim, const Snapshot& snapshot) {
  if (claim.spec.storage_class_name || has(claim.metadata, volume::kBetaStorageClass)) return "";
  std::shared_ptr<const StorageClass> chosen;
  for (auto& one : snapshot.storage_classes()) {
    if (!volume::is_default(*one)) continue;
    if (chosen == nullptr || one->metadata.creation_timestamp > chosen->metadata.creation_timestamp ||
        (one->metadata.creation_timestamp == chosen->metadata.creation_timestamp &&
         one->metadata.name < chosen->metadata.name))
      chosen = one;
  }
  return chosen == nullptr ? "" : chosen->metadata.name;
}

Note waiting_for_consumer(const PersistentVolumeClaim& claim, const Snapshot& snapshot) {
  auto pods = snapshot.waiting_pods(claim);
  if (pods.empty())
    return note(false, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  return note(
      false, "WaitForPodScheduled",
      base::cat({"waiting for ", pods.size() > 1 ? "pods " : "pod ", base::join(pods, ","), " to be scheduled"}));
}

ClaimPlan provision(const std::string& class_name, const StorageClass* storage_class) {
  ClaimPlan plan;
  auto fail = [&](std::string why) {
    plan.note = note(true, "ProvisioningFailed", why);
    plan.error = std::move(why);
    return plan;
  };
  if (storage_class == nullptr) return fail("storageclass.storage.k8s.io " + base::quote(class_name) + " not found");
  auto& provisioner = storage_class->provisioner;
  // Ours make none; another's name is another's business.
  if (provisioner.starts_with("kubernetes.io/")) return fail("no volume plugin matched name: " + provisioner);
  plan.provisioner = provisioner;
  plan.note = note(false, "ExternalProvisioning",
                   base::cat({"Waiting for a volume to be created either by the external provisioner '", provisioner,
                              "' or manually by the system administrator. If volume creation is delayed, please verify "
                              "that the provisioner is running and correctly registered."}));
  return plan;
}

ClaimPlan choose(const PersistentVolumeClaim& claim, const Snapshot& snapshot) {
  const std::string& class_name = volume::class_of(claim);
  auto storage_class = class_name.empty() ? nullptr : snapshot.storage_class(class_name);
  bool waits = volume::waits_for_consumer(storage_class.get());
  bool chosen_node = has(claim.metadata, volume::kSelectedNode);
  auto match = volume::find_match(claim, snapshot.volumes(claim),
                                  {.reachable = {}, .only_named = waits && !chosen_node, .taken = {}});
  if (match != nullptr) return bind(std::move(match));
  if (auto name = default_class(claim, snapshot); !name.empty()) {
    ClaimPlan plan;
    plan.class_name = std::move(name);
    return plan;
  }
  if (waits && !chosen_node) return pending(waiting_for_consumer(claim, snapshot));
  if (!class_name.empty()) return provision(class_name, storage_class.get());
  return pending(
      note(false, kFailedBinding, "no persistent volumes available for this claim and no storage class is set"));
}

ClaimPlan bind_to_named(const PersistentVolumeClaim& claim, const Snapshot& snapshot) {
  auto& name = claim.spec.volume_name;
  auto volume = snapshot.volume(name);
  if (volume == nullptr) return pending();
  if (!volume->spec.claim_ref) {
    if (auto fits = volume::check_fit(*volume, claim); !fits)
      return pending(
          note(true, kMismatch,
               base::cat({"Cannot bind to requested volume ", base::quote(name), ": ", fits.error().message()})));
    return bind(std::move(volume));
  }
  if (volume::is_bound_to(*volume, claim)) return bind(std::move(volume));
  if (!has(claim.metadata, volume::kBoundByController))
    return pending(
        note(true, kFailedBinding, base::cat({"volume ", base::quote(name), " already bound to a different claim."})));
  ClaimPlan plan;
  plan.error = base::cat({"invalid binding of claim \"", claim.metadata.namespace_, "/", claim.metadata.name,
                          "\" to volume ", base::quote(name), ": volume already claimed by \"",
                          volume->spec.claim_ref->namespace_, "/", volume->spec.claim_ref->name, "\""});
  return plan;
}

ClaimPlan check_bound(const PersistentVolumeClaim& claim, const Snapshot& snapshot) {
  if (claim.spec.volume_name.empty())
    return lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
  auto volume = snapshot.volume(claim.spec.volume_name);
  if (volume == nullptr)
    return lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  auto& reference = volume->spec.claim_ref;
  if (!reference || reference->uid == claim.metadata.uid) return bind(std::move(volume));
  return lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
}

VolumePlan reclaim(const PersistentVolume& volume) {
  VolumePlan plan;
  auto& policy = volume.spec.persistent_volume_reclaim_policy;
  auto fail = [&](std::string_view reason, std::string message) {
    plan.phase = "Failed";
    plan.message = message;
    plan.note = note(true, reason, std::move(message));
    return plan;
  };
  // A volume stays Failed until somebody cares for it.
  plan.phase = volume.status.phase == "Failed" ? "Failed" : "Released";
  plan.message = volume.status.phase == "Failed" ? volume.status.message : "";
  if (policy == "Retain") return plan;
  if (policy == "Recycle") return fail("VolumeFailedRecycle", "No recycler plugin found for the volume!");
  if (policy != "Delete")
    return fail("VolumeUnknownReclaimPolicy", "Volume has an unrecognized PersistentVolumeReclaimPolicy");
  auto made_by = volume.metadata.annotations.find(volume::kProvisionedBy);
  // Who made it takes it away.
  if (made_by != volume.metadata.annotations.end() && !made_by->second.empty() &&
      !made_by->second.starts_with("kubernetes.io/"))
    return plan;
  return fail("VolumeFailedDelete",
              base::cat({"error getting deleter volume plugin for volume ", base::quote(volume.metadata.name),
                         ": no deletable volume plugin matched"}));
}

}  // namespace

ClaimPlan plan_claim(const PersistentVolumeClaim& claim, const Snapshot& snapshot) {
  if (has(claim.metadata, volume::kBindCompleted)) return check_bound(claim, snapshot);
  if (claim.spec.volume_name.empty()) return choose(claim, snapshot);
  return bind_to_named(claim, snapshot);
}

VolumePlan plan_volume(const PersistentVolume& volume, const Snapshot& snapshot) {
  VolumePlan plan;
  auto& reference = volume.spec.claim_ref;
  if (!reference || reference->uid.empty()) {
    plan.phase = "Available";
    return plan;
  }
  auto claim = snapshot.claim(reference->namespace_, reference->name);
  if (claim == nullptr || claim->metadata.uid != reference->uid) return reclaim(volume);
  if (claim->spec.volume_name.empty()) {
    if (!volume::modes_differ(volume, *claim)) {
      plan.look_at_claim = true;
      return plan;
    }
    plan.note = note(true, kMismatch,
                     base::cat({"Cannot bind PersistentVolume to requested PersistentVolumeClaim ",
                                base::quote(claim->metadata.name), " due to incompatible volumeMode."}));
    plan.claim_note = note(true, kMismatch,
                           base::cat({"Cannot bind PersistentVolume ", base::quote(volume.metadata.name),
                                      " to requested PersistentVolumeClaim due to incompatible volumeMode."}));
    return plan;
  }
  if (claim->spec.volume_name == volume.metadata.name) {
    plan.phase = "Bound";
    return plan;
  }
  if (has(volume.metadata, volume::kProvisionedBy) && volume.spec.persistent_volume_reclaim_policy == "Delete")
    return reclaim(volume);
  plan.unbind = true;
  return plan;
}

PersistentVolume unbound(PersistentVolume volume) {
  if (volume.metadata.annotations.erase(std::string(volume::kBoundByController)) > 0) {
    volume.spec.claim_ref.reset();
  } else if (volume.spec.claim_ref) {
    // Its owner wants it for a claim of that name, whichever that will be.
    volume.spec.claim_ref->uid.clear();
  }
  return volume;
}

PersistentVolumeClaim bound_to(PersistentVolumeClaim claim, const PersistentVolume& volume) {
  if (claim.spec.volume_name != volume.metadata.name) {
    claim.spec.volume_name = volume.metadata.name;
    claim.metadata.annotations[std::string(volume::kBoundByController)] = "yes";
  }
  claim.metadata.annotations.try_emplace(std::string(volume::kBindCompleted), "yes");
  return claim;
}

PersistentVolumeClaim with_status(PersistentVolumeClaim claim, std::string phase, const PersistentVolume* volume) {
  auto& status = claim.status;
  bool is_news = status.phase != phase;
  status.phase = std::move(phase);
  if (volume == nullptr) {
    status.access_modes.clear();
    status.capacity.clear();
    status.current_volume_attributes_class_name.reset();
    return claim;
  }
  status.access_modes = volume->spec.access_modes;
  // Afterwards its size is for whoever makes it larger to say.
  if (is_news) {
    status.capacity = volume->spec.capacity;
    status.current_volume_attributes_class_name = volume->spec.volume_attributes_class_name;
  }
  return claim;
}

}  // namespace controller::persistentvolume
