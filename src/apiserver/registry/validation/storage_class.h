// The rules of the storage group's kinds, beyond those of metadata. `current` null: at birth. Pure.
#pragma once

#include "api/storage_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_storage_class(const api::storage_k8s_io_v1::StorageClass& next,
                                           const api::storage_k8s_io_v1::StorageClass* current);
schema::FieldErrors validate_volume_attributes_class(const api::storage_k8s_io_v1::VolumeAttributesClass& next,
                                                     const api::storage_k8s_io_v1::VolumeAttributesClass* current);
schema::FieldErrors validate_volume_attachment(const api::storage_k8s_io_v1::VolumeAttachment& next,
                                               const api::storage_k8s_io_v1::VolumeAttachment* current);
schema::FieldErrors validate_csi_driver(const api::storage_k8s_io_v1::CSIDriver& next,
                                        const api::storage_k8s_io_v1::CSIDriver* current);
schema::FieldErrors validate_csi_node(const api::storage_k8s_io_v1::CSINode& next,
                                      const api::storage_k8s_io_v1::CSINode* current);
schema::FieldErrors validate_storage_capacity(const api::storage_k8s_io_v1::CSIStorageCapacity& next,
                                              const api::storage_k8s_io_v1::CSIStorageCapacity* current);

}  // namespace apiserver
