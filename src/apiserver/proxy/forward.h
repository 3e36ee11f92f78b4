// Requests passed on to another HTTP server, upgrades among them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "apiserver/pipeline/response.h"
#include "base/result.h"
#include "io/http.h"
#include "io/socket.h"
#include "io/task.h"

namespace io {
class TlsClient;
}

namespace apiserver {

// In which form a client is told that the backend cannot be reached.
enum class Complaints : uint8_t { Status, Text };

// Where a request goes.
struct Backend {
  io::Address address;
  std::shared_ptr<io::TlsClient> tls;  // null: plain HTTP
  std::string target;                  // path and query there: "/exec/default/web-0/app?command=ls"
  // What stands before the backend's paths in the client's view ("/api/v1/namespaces/x/services/y/proxy"); redirects of
  // the backend to itself and links of its pages are rewritten so. "": answers go out as they are.
  std::string prefix;
  io::Headers added =
      {};  // what the backend is to see beside the client's headers, in their place where the client sent such
  Complaints complaints = Complaints::Status;
};

bool is_upgrade(const io::Request& request);

// What the backend is to see of the client's headers: without those of one hop, and without what says who the client
// is. Those that upgrade stay when `upgrade`.
io::Headers forwarded_headers(const io::Headers& headers, bool upgrade);
// What the client is to see of the backend's.
io::Headers returned_headers(const io::Headers& headers, const Backend& backend);

// Passes an upgrade on and carries the bytes until one side ends. 500 when the backend cannot be reached.
io::Task<void> forward_upgrade_to(Backend backend, const io::Request& request, Response& response);
// Passes any request on, piece by piece both ways. Redirects are the client's to follow. 503 when the backend cannot be
// reached.
io::Task<void> forward_to(Backend backend, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                          Response& response);

}  // namespace apiserver
