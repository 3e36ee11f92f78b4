// WebSocket frames (RFC 6455) as a state machine: bytes in, messages out; messages in, bytes out. No sockets.
//
// Extensions are never negotiated, so reserved bits must be zero. Text is not checked to be UTF-8: the only text that
// Kubernetes' protocols send is base64, and its decoder is stricter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "io/http.h"

namespace io {

// The server expects masked frames and sends plain ones; the client the other way round.
enum class WebSocketRole : uint8_t { Client, Server };

enum class WebSocketKind : uint8_t { Text, Binary, Close, Ping, Pong };

struct WebSocketMessage {
  WebSocketKind kind;
  std::string payload;      // of Close: the reason
  uint16_t close_code = 0;  // of Close: 1005 when the peer gave none
};

// What a close frame says; RFC 6455, 7.4.1.
inline constexpr uint16_t kWebSocketNormal = 1000;
inline constexpr uint16_t kWebSocketGoingAway = 1001;
inline constexpr uint16_t kWebSocketProtocolError = 1002;
inline constexpr uint16_t kWebSocketNoStatus = 1005;
inline constexpr uint16_t kWebSocketTooBig = 1009;
inline constexpr uint16_t kWebSocketInternalError = 1011;

// Takes frames apart and puts fragments together.
class WebSocketParser {
 public:
  // A message of more than `message_bytes_max` is TooLarge.
  WebSocketParser(WebSocketRole role, size_t message_bytes_max);

  // Takes what arrived.
  void feed(std::string_view bytes);
  // The next whole message, or nothing until more is fed. BadRequest for what breaks the protocol and TooLarge are
  // final: the connection can only be closed (1002, 1009).
  base::Result<std::optional<WebSocketMessage>> next();

 private:
  base::Result<bool> take_header();  // false: not all there yet
  base::Result<std::optional<WebSocketMessage>> end_frame();

  WebSocketRole role_;
  size_t message_bytes_max_;
  std::string input_;
  size_t read_ = 0;  // of input_, already taken

  // The frame being taken.
  bool in_frame_ = false;
  bool final_ = false;
  uint8_t opcode_ = 0;
  uint64_t left_ = 0;  // payload bytes still to come
  bool masked_ = false;
  uint8_t mask_[4] = {};
  size_t mask_place_ = 0;
  std::string control_;  // payload of a control frame

  // The message being put together.
  std::optional<WebSocketKind> message_kind_;
  std::string message_;
};

// One unfragmented message as a frame. The client masks with bytes from `random`. A control payload is cut to 125
// bytes.
std::string websocket_frame(WebSocketRole role, WebSocketKind kind, std::string_view payload, base::Random& random);
std::string websocket_close_frame(WebSocketRole role, uint16_t code, std::string_view reason, base::Random& random);

// The value of sec-websocket-accept for the client's sec-websocket-key.
std::string websocket_accept(std::string_view key);
// A fresh sec-websocket-key.
std::string websocket_key(base::Random& random);

// True if `request` asks for a WebSocket: "upgrade: websocket" and "connection: upgrade".
bool is_websocket_request(const Request& request);
// The subprotocols offered, in the client's order.
std::vector<std::string_view> websocket_protocols(const Headers& headers);
// The headers of the 101 answer, with `protocol` chosen ("" for none); BadRequest when the key is missing or
// the version is not 13.
base::Result<Headers> websocket_answer(const Request& request, std::string_view protocol);

}  // namespace io
