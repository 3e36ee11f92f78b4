// Which volume is for which claim. Pure. Kubernetes documentation, "Persistent Volumes", "Binding".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "base/result.h"

namespace volume {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::storage_k8s_io_v1::StorageClass;

// The names of their classes; "" when they have none.
const std::string& class_of(const PersistentVolumeClaim& claim);
const std::string& class_of(const PersistentVolume& volume);
// Whether a class, which may be null, leaves binding to the scheduler.
bool waits_for_consumer(const StorageClass* storage_class);
bool is_default(const StorageClass& storage_class);

// The volume's claimRef means this claim, whatever the claim says.
bool is_bound_to(const PersistentVolume& volume, const PersistentVolumeClaim& claim);
// The claim has its volume for good.
bool is_fully_bound(const PersistentVolumeClaim& claim);
bool modes_differ(const PersistentVolume& volume, const PersistentVolumeClaim& claim);   // file system and block device
bool offers_access(const PersistentVolume& volume, const PersistentVolumeClaim& claim);  // all the claim's access modes

// Why a volume that the claim names will not do, in upstream's words.
base::Result<void> check_fit(const PersistentVolume& volume, const PersistentVolumeClaim& claim);

struct MatchOptions {
  // Whether the volume can be reached from the node in question; absent: no node is in question yet.
  std::function<bool(const PersistentVolume& volume)> reachable;
  // Only a volume that names the claim itself: binding waits for the scheduler.
  bool only_named = false;
  // Whether the volume is spoken for already; absent: none is.
  std::function<bool(const PersistentVolume& volume)> taken;
};
// The one that names the claim, else of those that are available and will do the one with the fewest access modes (if
// no node is in question) and the least room; null if none does.
std::shared_ptr<const PersistentVolume> find_match(const PersistentVolumeClaim& claim,
                                                   const std::vector<std::shared_ptr<const PersistentVolume>>& volumes,
                                                   const MatchOptions& options);

// `volume` as it is to be written so that it is the claim's. Unchanged when it is already.
PersistentVolume bound_to(PersistentVolume volume, const PersistentVolumeClaim& claim);

// Bytes that the claim asks for.
base::Quantity requested(const PersistentVolumeClaim& claim);
base::Quantity capacity(const PersistentVolume& volume);

}  // namespace volume
