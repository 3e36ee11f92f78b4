// A SPDY/3.1 connection over an upgraded Stream. One loop.
#pragma once

#include <memory>

#include "base/result.h"
#include "io/http.h"
#include "io/multiplexer.h"
#include "io/spdy.h"
#include "io/task.h"

namespace io {

class SpdyConnection {
 public:
  SpdyConnection(std::unique_ptr<Stream> transport, SpdyRole role);  // starts reading at once
  ~SpdyConnection();                                                 // closes at once
  SpdyConnection(const SpdyConnection&) = delete;
  SpdyConnection& operator=(const SpdyConnection&) = delete;

  // A new stream, once the peer has accepted it: Go's server drops data that comes before its reply.
  // Unavailable when the peer refuses, Closed when the connection has ended.
  Task<base::Result<std::unique_ptr<MultiplexedStream>>> open(Headers headers);
  // The next stream that the peer opens; it has its reply already. Servers only: a client refuses them all.
  // Closed once the connection has ended.
  Task<base::Result<std::unique_ptr<MultiplexedStream>>> accept();

  // Ends everything now.
  void close();
  // Sends what is queued and GOAWAY, waits a little for the peer to close, then ends everything.
  Task<void> shut_down();
  // Returns once nothing more arrives.
  Task<void> ended();

 private:
  class Session;
  std::shared_ptr<Session> session_;
  Scope tasks_;
};

}  // namespace io
