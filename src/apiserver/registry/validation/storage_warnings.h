// What is allowed of volumes and claims but not wise.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/warnings.h"

namespace apiserver {

void warn_about_volume(Warnings& warnings, const api::core_v1::PersistentVolume& volume);
void warn_about_claim(Warnings& warnings, const api::core_v1::PersistentVolumeClaim& claim);
void warn_about_claim_spec(Warnings& warnings, const api::core_v1::PersistentVolumeClaimSpec& spec, const Place& at);

}  // namespace apiserver
