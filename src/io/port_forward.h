// Port forwarding seen from either end of the wire. Each connection that is forwarded is a pair of streams: the bytes,
// and what went wrong. Carried by SPDY/3.1, by SPDY inside a WebSocket (what kubectl does), or by the old WebSocket
// channels (two for each port of the query). One loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/multiplexer.h"
#include "io/splice.h"
#include "io/task.h"

namespace io {

class SpdyConnection;
class WebSocketConnection;

// One forwarded connection.
struct ForwardedPort {
  uint16_t port = 0;
  std::unique_ptr<MultiplexedStream> data;
  // The server writes text to it when the connection fails, and finishes it in any case.
  std::unique_ptr<MultiplexedStream> error;
  // For splice(), once the pod has ended its half. The old WebSocket channels cannot tell of the client's end.
  Duration grace = kSpliceGrace;
};

// What a client has to open the second stream of a pair.
inline constexpr Duration kForwardPairMax = std::chrono::seconds(30);
inline constexpr size_t kForwardPairsMax = 1000;  // half open, at one time

class PortForward {
 public:
  ~PortForward();  // closes at once
  PortForward(const PortForward&) = delete;
  PortForward& operator=(const PortForward&) = delete;

  // Server: the next connection a client wants. Closed once the client has gone.
  Task<base::Result<ForwardedPort>> accept();
  // Server: `carry` carries each connection the client wants. Returns once the client has gone; on the old WebSocket
  // channels also when all of their connections have ended, having said goodbye.
  Task<void> serve(std::function<Task<void>(ForwardedPort)> carry);
  // Client: a new connection to `port`.
  Task<base::Result<ForwardedPort>> open(uint16_t port);

  void close();
  Task<void> shut_down();

 private:
  friend struct PortForwardBuilder;
  PortForward();
  Task<base::Result<ForwardedPort>> accept_pair();

  std::unique_ptr<SpdyConnection> spdy_;  // one of the two
  std::unique_ptr<WebSocketConnection> websocket_;
  std::deque<ForwardedPort> ports_;  // of old WebSocket channels: all there from the start
  struct Half {
    std::unique_ptr<MultiplexedStream> data, error;
    int64_t since_ns = 0;
  };
  std::map<std::string, Half> halves_;  // by request id
  int next_request_ = 0;
};

// Whether the client wants the old WebSocket channels: two for each port of the query, no tunnel.
bool is_old_port_forward(const Request& request);

// Server: negotiates and upgrades. `ports` of the query count for the old WebSocket channels only. On failure the
// request has been answered.
base::Result<std::unique_ptr<PortForward>> accept_port_forward(const Request& request, ResponseWriter& writer);

// Server: for a proxy that speaks SPDY behind: the raw SPDY bytes of the client, unwrapped from a WebSocket if it sent
// one of those. `protocol` is the one chosen. Not for the old WebSocket channels.
// On failure the request has been answered.
struct PortForwardTunnel {
  std::unique_ptr<Stream> spdy;
  std::string protocol;
};
base::Result<PortForwardTunnel> accept_port_forward_tunnel(const Request& request, ResponseWriter& writer);

// Client, over SPDY and a fresh HTTP/1.1 connection.
Task<base::Result<std::unique_ptr<PortForward>>> connect_port_forward(std::unique_ptr<Stream> connection,
                                                                      Request request);

}  // namespace io
