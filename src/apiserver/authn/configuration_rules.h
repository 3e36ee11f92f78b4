// What must hold of a configuration of issuers, the texts of expressions aside.
#pragma once

#include <string>
#include <vector>

#include "api/apiserver_config_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

// `own_issuers` sign service account tokens.
schema::FieldErrors check_issuers(const api::apiserver_config_k8s_io_v1::AuthenticationConfiguration& configuration,
                                  const std::vector<std::string>& own_issuers);

}  // namespace apiserver
