// The schemas of custom kinds, as OpenAPI tells them: what their definition says, and what all objects have.
#pragma once

#include <string>

#include "apiserver/openapi/schemas.h"

namespace apiserver::openapi {

// JSON.
std::string custom_schema(const crd::Kind& kind, Dialect dialect);
std::string custom_list_schema(const crd::Kind& kind, Dialect dialect);

}  // namespace apiserver::openapi
