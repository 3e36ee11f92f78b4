// Asks a server that serves a group version for us what it serves there: whether it works, and what discovery tells of
// it.
#pragma once

#include <string>
#include <vector>

#include "api/apidiscovery_k8s_io_v2.h"
#include "api/meta_v1.h"
#include "apiserver/aggregation/remote_version.h"
#include "base/random.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

using ResourceDescriptions = std::vector<api::apidiscovery_k8s_io_v2::APIResourceDiscovery>;

// What the aggregated form of discovery says of a legacy list.
ResourceDescriptions described(const api::meta_v1::APIResourceList& list);

struct Told {
  ResourceDescriptions resources;
  std::string openapi_url;  // as RemoteVersion has it
};
// Tries some of its places, any order, until one answers. The error is in the words of upstream's condition. On the
// current loop.
io::Task<base::Result<Told>> inquire(RemoteVersionRef remote, base::Random& random);

}  // namespace apiserver
