// Who upgrades to what: the headers of SPDY and WebSocket upgrades as Kubernetes' servers and clients write them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/http.h"

namespace io {

// True if `request` asks for SPDY/3.1.
bool is_spdy_request(const Request& request);

// Servers. Each answers the request and returns the upgraded bytes and the protocol chosen; on failure the request has
// been answered too (403 with what we accept when no protocol is common, 400 for other faults).
struct Upgraded {
  std::unique_ptr<Stream> stream;
  std::string protocol;
};
// The client's first protocol that is among `accepted`, by x-stream-protocol-version.
base::Result<Upgraded> accept_spdy(const Request& request, ResponseWriter& writer,
                                   const std::vector<std::string_view>& accepted);
// By sec-websocket-protocol; a client that offers none gets "".
base::Result<Upgraded> accept_websocket(const Request& request, ResponseWriter& writer,
                                        const std::vector<std::string_view>& accepted);

// Clients: adds the headers to `request`. Offers `protocols` in this order.
void ask_for_spdy(Request& request, const std::vector<std::string_view>& protocols);
void ask_for_websocket(Request& request, const std::vector<std::string_view>& protocols);
// Sends it over a fresh HTTP/1.1 connection. Unavailable, with the server's words, when the answer is not 101.
Task<base::Result<Upgraded>> connect_upgraded(std::unique_ptr<Stream> connection, Request request);

}  // namespace io
