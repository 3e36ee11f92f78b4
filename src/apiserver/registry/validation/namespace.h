// The rules of namespaces. Pure.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_namespace(const api::core_v1::Namespace& next);
schema::FieldErrors validate_namespace_status(const api::core_v1::Namespace& next);
schema::FieldErrors validate_namespace_finalize(const api::core_v1::Namespace& next);

}  // namespace apiserver
