// Whether the schema of a definition may be: structural, of the supported fields, with defaults that fit and rules that
// compile and cost little enough.
#pragma once

#include "api/apiextensions_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver::crd {

// `path`: of the CustomResourceValidation, "spec.versions[0].schema". `has_status`: the status subresource is on, whose
// schema is taken out of the whole.
schema::FieldErrors validate_schema(const api::apiextensions_k8s_io_v1::CustomResourceValidation& validation,
                                    bool has_status, const schema::FieldPath& path);

// The schema that names lead to from `schema`; null when they lead nowhere.
const api::apiextensions_k8s_io_v1::JSONSchemaProps* schema_at(
    const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema, const std::vector<std::string>& names);

}  // namespace apiserver::crd
