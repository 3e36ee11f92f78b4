// The rules of pods: at birth, and what may change of them later. Pure.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_pod(const api::core_v1::Pod& pod);
schema::FieldErrors validate_pod_update(const api::core_v1::Pod& next, const api::core_v1::Pod& current);
schema::FieldErrors validate_pod_status(const api::core_v1::Pod& next, const api::core_v1::Pod& current);
// The subresources "ephemeralcontainers" and "resize".
schema::FieldErrors validate_ephemeral_containers_update(const api::core_v1::Pod& next,
                                                         const api::core_v1::Pod& current);
schema::FieldErrors validate_pod_resize(const api::core_v1::Pod& next, const api::core_v1::Pod& current);

}  // namespace apiserver
