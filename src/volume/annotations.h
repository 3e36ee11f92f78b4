// Annotations and finalizers by which the binder, the scheduler, the kubelet and drivers tell each other of volumes.
#pragma once

#include <string_view>

namespace volume {

// On a claim: it was bound once; what it is bound to does not change any more.
inline constexpr std::string_view kBindCompleted = "pv.kubernetes.io/bind-completed";
// On a claim or volume: the binder chose the other half, so that it may take the choice back.
inline constexpr std::string_view kBoundByController = "pv.kubernetes.io/bound-by-controller";
// On a volume: the provisioner that made it.
inline constexpr std::string_view kProvisionedBy = "pv.kubernetes.io/provisioned-by";
// On a claim: the provisioner that is to make its volume.
inline constexpr std::string_view kStorageProvisioner = "volume.kubernetes.io/storage-provisioner";
inline constexpr std::string_view kBetaStorageProvisioner = "volume.beta.kubernetes.io/storage-provisioner";
// On a claim: the node that the scheduler chose for its first consumer.
inline constexpr std::string_view kSelectedNode = "volume.kubernetes.io/selected-node";
// On a claim or volume: its class, from before there was a field for it.
inline constexpr std::string_view kBetaStorageClass = "volume.beta.kubernetes.io/storage-class";
// On a claim: who makes it larger.
inline constexpr std::string_view kStorageResizer = "volume.kubernetes.io/storage-resizer";
// On a node: attachment is the attach-detach controller's to do.
inline constexpr std::string_view kControllerManagedAttach = "volumes.kubernetes.io/controller-managed-attach-detach";

inline constexpr std::string_view kClaimProtection = "kubernetes.io/pvc-protection";
inline constexpr std::string_view kVolumeProtection = "kubernetes.io/pv-protection";
inline constexpr std::string_view kAttributesClassProtection = "kubernetes.io/vac-protection";

// The provisioner of classes whose volumes are made by hand.
inline constexpr std::string_view kNoProvisioner = "kubernetes.io/no-provisioner";

}  // namespace volume
