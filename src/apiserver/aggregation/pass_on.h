// Requests for group versions of other servers, passed on to them under our own name: who the client is they are told
// in headers (Kubernetes documentation, "Configure the aggregation layer"); his credentials stay here.
#pragma once

#include "apiserver/aggregation/remote_version.h"
#include "apiserver/pipeline/identity.h"
#include "apiserver/pipeline/response.h"
#include "base/random.h"
#include "base/result.h"
#include "io/http.h"
#include "io/http_client.h"
#include "io/task.h"

namespace apiserver {

// X-Remote-User and its like. BadRequest when a name cannot be a header's value.
base::Result<io::Headers> identity_headers(const User& user);

// Answers in every case. The call has been authorized.
io::Task<void> pass_on(RemoteVersionRef remote, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       const Call& call, Response& response, base::Random& random);

// The same for a request that was made inside the process, to be authorized before: its method, its body and
// `target`, path and query as they are sent. The answer as it comes, whatever its status; Unavailable when that server
// is not there.
io::Task<base::Result<std::unique_ptr<io::ResponseStream>>> ask_remote(RemoteVersionRef remote, const Call& call,
                                                                       std::string target, std::string accept,
                                                                       base::Random& random);

}  // namespace apiserver
