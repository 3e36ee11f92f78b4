// The rules of the core group's kinds, beyond those of metadata. Pure.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

// `current` null: at birth.
schema::FieldErrors validate_pod(const api::core_v1::Pod& pod);
schema::FieldErrors validate_pod_update(const api::core_v1::Pod& next, const api::core_v1::Pod& current,
                                        std::string_view subresource);
schema::FieldErrors validate_pod_status(const api::core_v1::Pod& next, const api::core_v1::Pod& current);
schema::FieldErrors validate_service(const api::core_v1::Service& next, const api::core_v1::Service* current);
schema::FieldErrors validate_service_status(const api::core_v1::Service& next);
schema::FieldErrors validate_node(const api::core_v1::Node& node);
schema::FieldErrors validate_node_update(const api::core_v1::Node& next, const api::core_v1::Node& current);
schema::FieldErrors validate_namespace_finalizers(const api::core_v1::Namespace& next);
schema::FieldErrors validate_namespace_status(const api::core_v1::Namespace& next);
schema::FieldErrors validate_persistent_volume(const api::core_v1::PersistentVolume& next,
                                               const api::core_v1::PersistentVolume* current);
schema::FieldErrors validate_claim(const api::core_v1::PersistentVolumeClaim& next,
                                   const api::core_v1::PersistentVolumeClaim* current);
schema::FieldErrors validate_config_map(const api::core_v1::ConfigMap& next, const api::core_v1::ConfigMap* current);
schema::FieldErrors validate_secret(const api::core_v1::Secret& next, const api::core_v1::Secret* current);
schema::FieldErrors validate_replication_controller(const api::core_v1::ReplicationController& next);

}  // namespace apiserver
