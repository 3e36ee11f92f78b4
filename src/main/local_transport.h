// A client's way to the API server of its own process: past sockets, TLS and HTTP, through the same authorization,
// admission and registry. Lists and watches share the store's bytes.
#pragma once

#include <memory>

#include "apiserver/server.h"
#include "client/transport.h"

namespace navarch {

// Every request comes from `user`. The server outlives the transport. Use on any one loop.
std::shared_ptr<client::Transport> make_local_transport(apiserver::Server& server, apiserver::User user);

}  // namespace navarch
