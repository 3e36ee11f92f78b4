// What the HTTP server's two kinds of connection share. Not for users; see http_server.h.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "io/http_server.h"
#include "io/transport.h"

namespace io {

// What all connections of one server read; constant.
struct ServerContext {
  HttpServerOptions options;
  Handler handler;
};

class ServerConnection;

// The connections of one loop.
class ServerShard {
 public:
  virtual ~ServerShard() = default;
  // Destroys the connection in the loop's next turn. Once for each.
  virtual void finished(ServerConnection& connection) = 0;
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Takes no more requests, and is finished when those in progress are.
  virtual void drain() = 0;

  std::list<std::unique_ptr<ServerConnection>>::iterator place;  // the shard's
};

std::unique_ptr<ServerConnection> make_http1_connection(const ServerContext& context, ServerShard& shard,
                                                        std::unique_ptr<Transport> transport);
std::unique_ptr<ServerConnection> make_http2_connection(const ServerContext& context, ServerShard& shard,
                                                        std::unique_ptr<Transport> transport);

// "Mon, 23 Nov 2026 22:12:45 GMT", made once a second.
const std::string& http_date();

// An answer that has no body whatever is written.
inline bool has_no_body(int status, std::string_view method) {
  return method == "HEAD" || status == 204 || status == 304;
}

}  // namespace io
