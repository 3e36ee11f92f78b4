// The rules of services and their endpoints. Pure. `current` null: at birth.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_service(const api::core_v1::Service& next, const api::core_v1::Service* current);
schema::FieldErrors validate_service_status(const api::core_v1::Service& next, const api::core_v1::Service& current);
schema::FieldErrors validate_endpoints(const api::core_v1::Endpoints& next, const api::core_v1::Endpoints* current);

}  // namespace apiserver
