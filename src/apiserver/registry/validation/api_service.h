// The rules of API services, beyond those of metadata. Pure.
#pragma once

#include "api/apiregistration_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_api_service(const api::apiregistration_k8s_io_v1::APIService& next);
schema::FieldErrors validate_api_service_status(const api::apiregistration_k8s_io_v1::APIService& next);

}  // namespace apiserver
