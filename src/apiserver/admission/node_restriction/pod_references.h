// What a mirror pod must not refer to: it would let its node read what no pod on it uses.
#pragma once

#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "apiserver/registry/reader.h"
#include "base/result.h"
#include "io/task.h"

namespace apiserver {

// "a service account", "secrets", ...; "" when the pod refers to nothing of the sort.
std::string_view forbidden_reference(const api::core_v1::PodSpec& spec);

// Whether a token for `audience` ("": the API server's own) is meant to be asked for on behalf of the pod: by a volume
// that projects one, or by the driver of one of its volumes.
io::Task<base::Result<bool>> asks_for_audience(const api::core_v1::Pod& pod, std::string audience,
                                               const Reader& reader);

}  // namespace apiserver
