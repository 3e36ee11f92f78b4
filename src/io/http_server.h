// Serves HTTP/1.1 and HTTP/2 on one address. Each connection lives on one of the loops for its life; the handler is
// called there, once per request, as a task that is cancelled when the peer goes.
//
// HTTP/2 is spoken over TLS to those who ask for it (ALPN); without TLS only if `http2_only` is set (gRPC on unix
// sockets).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/socket.h"
#include "io/tls.h"

namespace io {

struct HttpServerOptions {
  Address address;
  int unix_mode = 0600;
  std::shared_ptr<TlsServer> tls;  // null: plain
  bool http2_only = false;         // prior knowledge
  // Connections are dealt to these in turn; empty: the loop that created the server. All run, and outlive the server.
  std::vector<Loop*> loops;

  size_t connections_max = 20'000;
  size_t header_bytes_max = 256 * 1024;  // of one request, target included
  size_t headers_max = 256;
  uint32_t streams_max = 250;                          // at once on one HTTP/2 connection
  size_t upload_window = 256 * 1024;                   // bytes of a request's body received ahead of its reader
  size_t send_buffer_max = 64 * 1024;                  // bytes of an answer that wait before write() does
  Duration header_timeout = std::chrono::seconds(32);  // handshake; then from a request's first byte to its last header
  Duration idle_timeout = std::chrono::seconds(90);    // no request in progress
};

class HttpServer {
 public:
  // Listens at once; on the current loop, which accepts.
  static base::Result<std::unique_ptr<HttpServer>> create(HttpServerOptions options, Handler handler);
  ~HttpServer();  // on the creating loop; ends what is left, waiting for the other loops to have done so
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const Address& address() const;  // with the port the kernel chose
  size_t connections() const;      // any thread
  // Stops listening, tells the peers (GOAWAY, connection: close), waits up to `grace` for requests in progress, then
  // ends the rest.
  Task<void> close(Duration grace);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace io
