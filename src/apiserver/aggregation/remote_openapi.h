// What extension API servers say of themselves in the older form of OpenAPI, asked when somebody asks us.
#pragma once

#include <memory>
#include <vector>

#include "apiserver/aggregation/remote_version.h"
#include "apiserver/openapi/merge.h"
#include "base/random.h"
#include "io/task.h"

namespace apiserver {

using RemoteDocuments = std::shared_ptr<const std::vector<openapi::RemoteDocument>>;  // never null

// Of all versions whose servers answer in time; the others are left out. On the current loop.
io::Task<RemoteDocuments> remote_documents(std::shared_ptr<const RemoteVersions> remote, base::Random& random);

}  // namespace apiserver
