// Answers requests below /openapi: which document, in which form, whether the client has it already.
#pragma once

#include <string_view>
#include <vector>

#include "apiserver/aggregation/remote_version.h"
#include "apiserver/openapi/merge.h"
#include "apiserver/pipeline/query.h"
#include "apiserver/pipeline/response.h"
#include "apiserver/registry/served.h"
#include "io/http.h"

namespace apiserver::openapi {

// Answers and returns true when `path` is /openapi/v2, /openapi/v3 or a document below; else does nothing.
// `others`: of the servers behind /openapi/v2, when that is asked for.
bool serve(std::string_view path, const io::Request& request, const Query& query, Response& response,
           const CustomKindsRef& custom, const RemoteVersions& remote, const std::vector<RemoteDocument>& others);

}  // namespace apiserver::openapi
