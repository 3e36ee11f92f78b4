// The API over the network: HTTP/2 where the server speaks it, TLS with the identity of an Access.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "client/kubeconfig.h"
#include "client/transport.h"
#include "io/http_client.h"

namespace client {

// Fails when the access makes no sense (certificates that cannot be read); whether a server answers shows later.
// Objects come as protobuf where the server has it, custom resources as JSON. A call without an answer for a minute is
// a Timeout. `user_agent` is what the server's logs see: "kubelet/v1.36.0".
base::Result<std::shared_ptr<Transport>> make_remote_transport(Access access, std::string user_agent);

// A watch from an answer that has begun well.
std::unique_ptr<RawWatch> make_remote_watch(std::unique_ptr<io::ResponseStream> stream);

}  // namespace client
