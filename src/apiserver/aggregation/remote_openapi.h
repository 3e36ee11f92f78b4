// What extension API servers say of themselves in the older form of OpenAPI, asked when somebody asks us.
#pragma once

#include <vector>

#include "apiserver/aggregation/remote_version.h"
#include "apiserver/openapi/merge.h"
#include "base/random.h"
#include "io/task.h"

namespace apiserver {

// Of all versions whose servers answer in time; the others are left out. On the current loop.
io::Task<std::vector<openapi::RemoteDocument>> remote_documents(std::shared_ptr<const RemoteVersions> remote,
                                                                base::Random& random);

}  // namespace apiserver
