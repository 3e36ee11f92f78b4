// The rules of persistent volumes and claims. Pure. `current` null: at birth.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_persistent_volume(const api::core_v1::PersistentVolume& next,
                                               const api::core_v1::PersistentVolume* current);
// A volume that stands in an attachment instead of being an object.
void check_inline_volume(Report& report, const api::core_v1::PersistentVolumeSpec& spec, const Place& at);
schema::FieldErrors validate_claim(const api::core_v1::PersistentVolumeClaim& next,
                                   const api::core_v1::PersistentVolumeClaim* current);
schema::FieldErrors validate_claim_status(const api::core_v1::PersistentVolumeClaim& next,
                                          const api::core_v1::PersistentVolumeClaim& current);

}  // namespace apiserver
