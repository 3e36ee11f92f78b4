// How an API server says that it lives: a Lease in kube-system, named for its host. Those of servers that are no more
// are taken away. As upstream's API server identity, so `kubectl -n kube-system get lease -l
// apiserver.kubernetes.io/identity=kube-apiserver` shows the servers.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"

namespace navarch {

// "apiserver-" and what stands for the host.
std::string server_identity(std::string_view host_name);

// Until cancelled. The client has to be one of the server itself.
io::Task<void> keep_server_identity(client::Client client, base::Clock& clock, base::Random& random);

}  // namespace navarch
