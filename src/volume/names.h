// How volumes, their claims and attachments are called where two components must agree. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/core_v1.h"

namespace volume {

// The claim behind a pod's volume: the one it names, or the one made for it alone; "" when there is none.
std::string claim_name(const api::core_v1::Pod& pod, const api::core_v1::Volume& volume);
// Whether the claim was made for the pod's ephemeral volume; the error upstream gives says why not.
bool is_made_for(const api::core_v1::PersistentVolumeClaim& claim, const api::core_v1::Pod& pod);
std::string not_made_for(const api::core_v1::PersistentVolumeClaim& claim, const api::core_v1::Pod& pod);

// What node.status.volumesAttached and volumesInUse call a driver's volume: "kubernetes.io/csi/DRIVER^HANDLE".
std::string unique_name(std::string_view driver, std::string_view handle);
// The VolumeAttachment of a driver's volume on a node.
std::string attachment_name(std::string_view driver, std::string_view handle, std::string_view node);

// Whether a VolumeAttachment may have been made for a driver's volume, by its name; others belong to somebody else.
bool is_attachment_name(std::string_view name);

// SHA-256 in hexadecimal, in which names become part of longer ones.
std::string sha256_hex(std::string_view text);

}  // namespace volume
