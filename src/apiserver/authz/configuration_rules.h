// What must hold of a configuration of authorizers, match conditions aside.
#pragma once

#include "api/apiserver_config_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors check_authorizers(const api::apiserver_config_k8s_io_v1::AuthorizationConfiguration& configuration);

}  // namespace apiserver
