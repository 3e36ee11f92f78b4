// Pods' specs, as pods and all that make pods have them. Pure.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_pod_spec(const api::core_v1::PodSpec& spec, const schema::FieldPath& path);
// Labels, annotations and spec.
schema::FieldErrors validate_pod_template(const api::core_v1::PodTemplateSpec& pod, const schema::FieldPath& path);

}  // namespace apiserver
