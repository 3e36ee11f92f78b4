// The subresources that connect to something: pods/log, exec, attach, portforward and proxy, services/proxy,
// nodes/proxy. The request has been authorized.
#pragma once

#include "apiserver/pipeline/response.h"
#include "apiserver/registry/call.h"
#include "apiserver/registry/reader.h"
#include "base/random.h"
#include "io/http.h"
#include "io/task.h"

namespace apiserver {

class KubeletDialer;

// Borrowed; outlives the requests.
struct ConnectDesk {
  const Reader& reader;
  KubeletDialer* kubelets;  // null: no node can be reached
  base::Random& random;
  // Whether pods and services at loopback and link-local addresses may be proxied to; upstream refuses them, as they
  // would be those of the server's own machine.
  bool local_addresses = false;
};

// Whether `call` is for connect().
bool is_connect(const Call& call);

// Answers in every case. Lives as long as the streams; cancelled with the client's connection.
io::Task<void> connect(ConnectDesk desk, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       const Call& call, Response& response);

}  // namespace apiserver
