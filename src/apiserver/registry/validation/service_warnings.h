// What is allowed of services but not wise.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/warnings.h"

namespace apiserver {

void warn_about_endpoints(Warnings& warnings, const api::core_v1::Endpoints& endpoints);
void warn_about_service(Warnings& warnings, const api::core_v1::Service& service);

}  // namespace apiserver
