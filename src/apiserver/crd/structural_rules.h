// The rules that make a schema structural. The Kubernetes documentation, "Specifying a structural schema".
#pragma once

#include "api/apiextensions_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver::crd {

// In order of their texts.
schema::FieldErrors validate_structural(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema,
                                        const schema::FieldPath& path);

// That defaults keep to the schema themselves.
schema::FieldErrors validate_defaults(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema,
                                      const schema::FieldPath& path);

}  // namespace apiserver::crd
