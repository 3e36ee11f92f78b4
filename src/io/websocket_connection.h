// A WebSocket over an upgraded Stream, as Kubernetes uses it: a few numbered channels (the first byte of each message
// says which), or one tunnel of bytes. One loop.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "io/http.h"
#include "io/multiplexer.h"
#include "io/task.h"
#include "io/websocket.h"

namespace io {

inline constexpr size_t kWebSocketMessageBytesMax = 32 * 1024 * 1024;  // as Go's server takes them
inline constexpr uint8_t kChannelCloseSignal = 255;  // v5: the message {255, channel} ends that channel

// How streams are laid into messages.
enum class WebSocketCarriage : uint8_t {
  Channels,        // binary: one byte of channel, then the bytes
  Base64Channels,  // text: one digit of channel, then the bytes in base64
  Tunnel,          // binary: the bytes of channel 0
  // One way: each write to channel 0 is a message, whatever its size; what the peer says is dropped.
  Texts,
  Binaries,
};

class WebSocketConnection {
 public:
  // Starts reading at once. What arrives for a channel that is not among `channels` is dropped.
  // `close_signal`: the v5 protocol, in which a client can end its stdin.
  WebSocketConnection(std::unique_ptr<Stream> transport, WebSocketRole role, WebSocketCarriage carriage,
                      const std::vector<uint8_t>& channels, bool close_signal = false,
                      base::Random& random = base::system_random());
  ~WebSocketConnection();  // closes at once
  WebSocketConnection(const WebSocketConnection&) = delete;
  WebSocketConnection& operator=(const WebSocketConnection&) = delete;

  // The stream of one of the channels; once for each. Its finish() reaches the peer only as the close signal of a
  // client.
  std::unique_ptr<MultiplexedStream> channel(uint8_t number);

  void close();
  // Sends what is queued and a close frame, waits a little for the peer's, then ends everything.
  Task<void> shut_down();
  Task<void> ended();

 private:
  class Session;
  std::shared_ptr<Session> session_;
  Scope tasks_;
};

// The tunnel alone, as a Stream that owns the connection. finish() says goodbye, as a WebSocket knows no half close.
std::unique_ptr<Stream> websocket_tunnel(std::unique_ptr<Stream> transport, WebSocketRole role,
                                         base::Random& random = base::system_random());

}  // namespace io
