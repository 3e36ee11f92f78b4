// What is to be done about one claim or one volume. Pure. Kubernetes documentation, "Persistent Volumes".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "volume/claim.h"

namespace controller::persistentvolume {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::storage_k8s_io_v1::StorageClass;
using ClaimPointer = std::shared_ptr<const PersistentVolumeClaim>;
using VolumePointer = std::shared_ptr<const PersistentVolume>;

// What the plans look at.
struct Snapshot {
  std::function<VolumePointer(const std::string& name)> volume;
  std::function<ClaimPointer(const std::string& namespace_, const std::string& name)> claim;
  // Those that name the claim, and those of its class that name none.
  std::function<std::vector<VolumePointer>(const PersistentVolumeClaim& claim)> volumes;
  std::function<std::shared_ptr<const StorageClass>(const std::string& name)> storage_class;
  std::function<std::vector<std::shared_ptr<const StorageClass>>()> storage_classes;
  // Pods that name the claim and have no node yet.
  std::function<std::vector<std::string>(const PersistentVolumeClaim& claim)> waiting_pods;
};

struct Note {
  bool warning = false;
  std::string reason;
  std::string message;
  bool operator==(const Note&) const = default;
};

struct ClaimPlan {
  VolumePointer bind;                      // to this volume
  std::optional<std::string> phase;        // else its phase: Pending, Lost; nothing bound
  std::optional<Note> note;                // about the claim; with Lost only when that is news
  std::optional<std::string> class_name;   // to be the claim's class, before all else
  std::optional<std::string> provisioner;  // to be asked for a volume
  std::string error;                       // why nothing can be done for now
};
ClaimPlan plan_claim(const PersistentVolumeClaim& claim, const Snapshot& snapshot);

struct VolumePlan {
  std::optional<std::string> phase;
  std::string message;             // of the phase
  std::optional<Note> note;        // about the volume; with Failed only when that is news
  std::optional<Note> claim_note;  // about its claim
  bool look_at_claim = false;      // its half of the binding is missing
  bool unbind = false;             // its claim has another volume
};
VolumePlan plan_volume(const PersistentVolume& volume, const Snapshot& snapshot);

// The volume after its claim went elsewhere.
PersistentVolume unbound(PersistentVolume volume);
// The claim bound to the volume, or told that it has none; status apart.
PersistentVolumeClaim bound_to(PersistentVolumeClaim claim, const PersistentVolume& volume);
// The status in that phase; `volume` may be null. `claim` unchanged if it is so already.
PersistentVolumeClaim with_status(PersistentVolumeClaim claim, std::string phase, const PersistentVolume* volume);

}  // namespace controller::persistentvolume
