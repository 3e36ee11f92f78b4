// The documents in the binary form that older clients ask for: the messages of OpenAPIv2.proto and OpenAPIv3.proto as
// gnostic defines them, made from the JSON text piece by piece so that no tree of a whole document is held.
#pragma once

#include <string>
#include <string_view>

#include "apiserver/openapi/schemas.h"
#include "base/result.h"

namespace apiserver::openapi {

// BadRequest when `json` is no document.
base::Result<std::string> to_protobuf(std::string_view json, Dialect dialect);

}  // namespace apiserver::openapi
